"""Pages under a language. Names are used by templates as `home:…`."""

from django.urls import include, path

from backend.home import matching_pages, ranking_page, review_page, views
from backend.home.owner import document_pages, talk_pages

app_name = "home"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("projects/", views.projects, name="projects"),
    path("projects/<str:key>/", views.project, name="project"),
    path("projects/<str:key>/review/", review_page.review, name="review"),
    path("projects/<str:key>/ask/", talk_pages.ask, name="ask"),
    path("projects/<str:key>/documents/<str:document>/", document_pages.read, name="document"),
    path("compare/", views.compare, name="compare"),
    path("for-you/", matching_pages.for_you, name="for_you"),
    path("about/ranking/", ranking_page.ranking, name="ranking"),
    path("about/ranking/exposure.csv", ranking_page.exposure_csv, name="exposure_csv"),
    path("about/<slug:name>/", views.footer_page, name="footer_page"),
    path("", include("backend.home.funding_urls")),
    path("me/", include("backend.home.me_urls")),
]
