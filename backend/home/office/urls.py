"""The pages of a city office, under /…/office/. Names are used as `office:…`."""

from django.urls import path

from backend.home.office import (
    case_page,
    decide_pages,
    exposure_page,
    letter_pages,
    question_pages,
    queue_page,
    record_pages,
    rule_pages,
    side_pages,
)

app_name = "office"
urlpatterns = [
    path("", decide_pages.to_queue, name="home"),
    path("queue/", queue_page.queue, name="queue"),
    path("queue/assign/", queue_page.assign, name="assign"),
    path("queue/views/", queue_page.views, name="views"),
    path("queue/news/", side_pages.news, name="news"),
    path("keys/", queue_page.keys, name="keys"),
    path("cases/<str:key>/", case_page.case, name="case"),
    path("cases/<str:key>/declare/", case_page.declare, name="declare"),
    path("cases/<str:key>/declarations/", side_pages.declarations, name="declarations"),
    path("cases/<str:key>/documents/<str:document>/", side_pages.document, name="document"),
    path("cases/<str:key>/screen/", case_page.screen, name="screen"),
    path("cases/<str:key>/review/", case_page.review, name="review"),
    path("cases/<str:key>/gap/", case_page.gap, name="gap"),
    path("cases/<str:key>/note/", case_page.note, name="note"),
    path("cases/<str:key>/value/", case_page.value, name="value"),
    path("cases/<str:key>/requests/<str:request_id>/settle/", case_page.settle, name="settle"),
    path("cases/<str:key>/decide/", decide_pages.decide, name="decide"),
    path("cases/<str:key>/transfer/", decide_pages.transfer, name="transfer"),
    path("cases/<str:key>/freeze/", decide_pages.freeze, name="freeze"),
    path("cases/<str:key>/history/", record_pages.history, name="history"),
    path("cases/<str:key>/history.csv", record_pages.history_csv, name="history_csv"),
    path("cases/<str:key>/history.json", record_pages.history_json, name="history_json"),
    path("letters/", letter_pages.letter_list, name="letters"),
    path("letters/<str:letter_id>/", letter_pages.letter, name="letter"),
    path("letters/<str:letter_id>/sign/", letter_pages.sign, name="sign"),
    path("letters/<str:letter_id>/undo/", letter_pages.undo, name="undo"),
    path("letters/<str:letter_id>/pdf/", letter_pages.pdf, name="letter_pdf"),
    path("figures/", record_pages.figures, name="figures"),
    path("rules/", rule_pages.rules, name="rules"),
    path("rules/self-check/<slug:frame>/", question_pages.questions, name="questions"),
    path("rules/exposure/", exposure_page.exposure, name="exposure"),
    path("rules/<slug:kind>/", rule_pages.rule, name="rule"),
    path("people/", rule_pages.people, name="people"),
]
