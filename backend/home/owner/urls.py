"""The owner's pages, under /…/proposals/."""

from django.urls import path

from backend.home.owner import (
    check_history,
    document_pages,
    history_pages,
    people_pages,
    proposal_pages,
    readiness_pages,
    section_pages,
    talk_pages,
)

app_name = "owner"
urlpatterns = [
    path("", proposal_pages.proposals, name="proposals"),
    path("new/", proposal_pages.new, name="new"),
    path("organisations/new/", people_pages.new_organisation, name="new_organisation"),
    path("organisations/<str:key>/", people_pages.organisation, name="organisation"),
    path("organisations/<str:key>/leave/", people_pages.leave, name="leave"),
    path(
        "organisations/<str:key>/invitations/<str:invitation>/end/",
        people_pages.call_back,
        name="call_back",
    ),
    path("invitations/<str:token>/", people_pages.invitation, name="invitation"),
    path("<str:key>/", proposal_pages.proposal, name="proposal"),
    path("<str:key>/check/", proposal_pages.check, name="check"),
    path("<str:key>/preview/", proposal_pages.preview, name="preview"),
    path("<str:key>/withdraw/", proposal_pages.withdraw, name="withdraw"),
    path("<str:key>/requests/", history_pages.requests, name="requests"),
    path("<str:key>/versions/", history_pages.versions, name="versions"),
    path("<str:key>/versions/<int:number>/", history_pages.version, name="version"),
    path("<str:key>/questions/", talk_pages.questions, name="questions"),
    path("<str:key>/updates/", talk_pages.updates, name="updates"),
    path("<str:key>/section/documents/", document_pages.documents, name="documents"),
    path(
        "<str:key>/section/documents/<str:document>/remove/",
        document_pages.remove,
        name="remove_document",
    ),
    path("<str:key>/section/readiness/", readiness_pages.result, name="readiness"),
    path("<str:key>/section/readiness/answers.csv", check_history.answers_csv, name="answers_csv"),
    path("<str:key>/section/readiness/points/", readiness_pages.points, name="points"),
    path("<str:key>/section/readiness/milestone/", readiness_pages.to_milestone, name="gap"),
    path(
        "<str:key>/section/readiness/principle/<slug:principle>/",
        readiness_pages.principle,
        name="principle",
    ),
    path("<str:key>/section/<str:name>/", section_pages.section, name="section"),
    path("<str:key>/section/<str:name>/saves/", history_pages.saves, name="saves"),
    path(
        "<str:key>/section/<str:name>/saves/<int:number>/restore/",
        history_pages.restore,
        name="restore",
    ),
]
