"""`/api/`: paths that programs rely on. The schema is at `schema/`, pages about it at `docs/`."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from backend.home.api import docs, flows, matches, mine, plans, projects


class ProjectId(StringConverter):
    """The form of a project's public id: everything else is no path at all."""

    regex = "prj_[0-9a-z]{1,36}"


class PlanId(StringConverter):
    regex = "pln_[0-9a-z]{1,36}"


class PlanActName(StringConverter):
    regex = "pause|resume|stop"


register_converter(ProjectId, "project_id")
register_converter(PlanId, "plan_id")
register_converter(PlanActName, "plan_act")

urlpatterns = [
    path("schema/", docs.Schema.as_view(), name="api_schema"),
    path("docs/", docs.docs_page, name="api_docs"),
    path("v1/projects/", projects.ProjectList.as_view(), name="api_projects"),
    path(
        "v1/projects/<project_id:public_id>/", projects.ProjectDetail.as_view(), name="api_project"
    ),
    path("v1/me/plans/", plans.Plans.as_view(), name="api_plans"),
    path("v1/me/plans/<plan_id:public_id>/", plans.Plan.as_view(), name="api_plan"),
    path(
        "v1/me/plans/<plan_id:public_id>/<plan_act:act>/",
        plans.PlanAct.as_view(),
        name="api_plan_act",
    ),
    path("v1/flows/", flows.Flows.as_view(), name="api_flows"),
    path("v1/flows.csv", flows.FlowsCsv.as_view(), name="api_flows_csv"),
    path("v1/taxonomy/", projects.Taxonomy.as_view(), name="api_taxonomy"),
    path("v1/matches/preview/", matches.Preview.as_view(), name="api_preview"),
    path("v1/me/matches/", matches.MyMatches.as_view(), name="api_matches"),
    path("v1/me/profile/", mine.Profile.as_view(), name="api_profile"),
    path("v1/me/saved/", mine.SavedList.as_view(), name="api_saved"),
    path("v1/me/saved/<project_id:public_id>/", mine.SavedItem.as_view(), name="api_saved_item"),
]
