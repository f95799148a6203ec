from django.urls import include, path

app_name = "home"
urlpatterns = [
    path("me/", include("backend.home.me_urls")),
]
