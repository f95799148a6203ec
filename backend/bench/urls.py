from django.urls import include, path

from backend.bench import baselines

urlpatterns = [
    path("api/", include("backend.home.urls_api")),
    path("api/drf/projects/", baselines.DrfProjects.as_view({"get": "list"})),
    path(
        "api/drf/projects/<project_id:public_id>/",
        baselines.DrfProjects.as_view({"get": "retrieve"}),
    ),
    path("api/raw/projects/", baselines.RawList.as_view()),
    path("api/raw/projects/<project_id:public_id>/", baselines.RawDetail.as_view()),
]
