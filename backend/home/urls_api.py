"""`/api/`: paths that programs rely on. The schema is at `schema/`, pages about it at `docs/`."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from backend.home.api import (
    docs,
    flows,
    index,
    matches,
    mine,
    plans,
    pledges,
    projects,
    proposals,
    ranking,
    reviews,
)


class ProjectId(StringConverter):
    """The form of a project's public id: everything else is no path at all."""

    regex = "prj_[0-9a-z]{1,36}"


class RoundId(StringConverter):
    """The form of a round's public id."""

    regex = "rnd_[0-9a-z]{1,36}"


class ReviewId(StringConverter):
    """The form of a review's public id."""

    regex = "rev_[0-9a-z]{1,36}"


class PlanId(StringConverter):
    regex = "pln_[0-9a-z]{1,36}"


class SearchId(StringConverter):
    regex = "srch_[0-9a-z]{1,36}"


class PlanActName(StringConverter):
    regex = "pause|resume|stop"


register_converter(ProjectId, "project_id")
register_converter(RoundId, "round_id")
register_converter(ReviewId, "review_id")
register_converter(PlanId, "plan_id")
register_converter(SearchId, "search_id")
register_converter(PlanActName, "plan_act")
_PROJECT = "v1/projects/<project_id:public_id>/"

urlpatterns = [
    path("schema/", docs.Schema.as_view(), name="api_schema"),
    path("docs/", docs.docs_page, name="api_docs"),
    path("v1/", index.Index.as_view(), name="api_index"),
    path("v1/projects/", proposals.Projects.as_view(), name="api_projects"),
    path(
        "v1/projects/<project_id:public_id>/", projects.ProjectDetail.as_view(), name="api_project"
    ),
    path(
        "v1/projects/<project_id:public_id>/reviews/",
        reviews.ProjectReviews.as_view(),
        name="api_project_reviews",
    ),
    path(
        "v1/projects/<project_id:public_id>/decisions/",
        reviews.Decisions.as_view(),
        name="api_decisions",
    ),
    path("v1/reviews/queue/", reviews.Queue.as_view(), name="api_review_queue"),
    path("v1/reviews/<review_id:review_id>/", reviews.OneReview.as_view(), name="api_review"),
    path(f"{_PROJECT}draft/", proposals.Draft.as_view(), name="api_draft"),
    path(
        f"{_PROJECT}draft/<slug:section>/",
        proposals.DraftSection.as_view(),
        name="api_draft_section",
    ),
    path(f"{_PROJECT}submit/", proposals.Submit.as_view(), name="api_submit"),
    path(f"{_PROJECT}withdraw/", proposals.Withdraw.as_view(), name="api_withdraw"),
    path(f"{_PROJECT}versions/", proposals.Versions.as_view(), name="api_versions"),
    path(f"{_PROJECT}versions/<int:number>/", proposals.Version.as_view(), name="api_version"),
    path(f"{_PROJECT}questions/", proposals.Questions.as_view(), name="api_questions"),
    path(
        f"{_PROJECT}questions/<str:question>/answer/",
        proposals.QuestionAnswer.as_view(),
        name="api_answer",
    ),
    path(f"{_PROJECT}updates/", proposals.Updates.as_view(), name="api_updates"),
    path("v1/me/plans/", plans.Plans.as_view(), name="api_plans"),
    path("v1/me/plans/<plan_id:public_id>/", plans.Plan.as_view(), name="api_plan"),
    path(
        "v1/me/plans/<plan_id:public_id>/<plan_act:act>/",
        plans.PlanAct.as_view(),
        name="api_plan_act",
    ),
    path(f"{_PROJECT}similar/", ranking.SimilarProjects.as_view(), name="api_similar"),
    path(f"{_PROJECT}demand/", ranking.Demand.as_view(), name="api_demand"),
    path("v1/ranking/", ranking.RankingReport.as_view(), name="api_ranking"),
    path("v1/me/dismissals/", ranking.Dismissals.as_view(), name="api_dismissals"),
    path(
        "v1/me/dismissals/<project_id:public_id>/",
        ranking.DismissalItem.as_view(),
        name="api_dismissal",
    ),
    path("v1/me/searches/", ranking.Searches.as_view(), name="api_searches"),
    path("v1/me/searches/<search_id:search_id>/", ranking.SearchItem.as_view(), name="api_search"),
    path("v1/flows/", flows.Flows.as_view(), name="api_flows"),
    path("v1/flows.csv", flows.FlowsCsv.as_view(), name="api_flows_csv"),
    path("v1/taxonomy/", projects.Taxonomy.as_view(), name="api_taxonomy"),
    path("v1/matches/preview/", matches.Preview.as_view(), name="api_preview"),
    path("v1/me/matches/", matches.MyMatches.as_view(), name="api_matches"),
    path("v1/me/profile/", mine.Profile.as_view(), name="api_profile"),
    path("v1/me/saved/", mine.SavedList.as_view(), name="api_saved"),
    path("v1/me/saved/<project_id:public_id>/", mine.SavedItem.as_view(), name="api_saved_item"),
    path("v1/me/pledges/", pledges.MyPledges.as_view(), name="api_pledges"),
    path(
        "v1/rounds/<round_id:round_id>/pledges/",
        pledges.RoundPledges.as_view(),
        name="api_round_pledges",
    ),
]
