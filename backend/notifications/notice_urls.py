from django.urls import path

from backend.notifications import notice_views

app_name = "notices"
urlpatterns = [
    path("", notice_views.notices, name="list"),
    path("read/", notice_views.mark_read, name="mark_read"),
    path("settings/", notice_views.settings, name="settings"),
    path("stop/<str:token>/", notice_views.stop, name="stop"),
]
