"""Pages under a language. Names are used by templates as `home:…`."""

from django.urls import include, path

from backend.home import matching_pages, ranking_page, views

app_name = "home"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("projects/", views.projects, name="projects"),
    path("projects/<str:key>/", views.project, name="project"),
    path("compare/", views.compare, name="compare"),
    path("for-you/", matching_pages.for_you, name="for_you"),
    path("about/ranking/", ranking_page.ranking, name="ranking"),
    path("about/ranking/exposure.csv", ranking_page.exposure_csv, name="exposure_csv"),
    path("about/<slug:name>/", views.footer_page, name="footer_page"),
    path("me/", include("backend.home.me_urls")),
]
