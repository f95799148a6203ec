from django.urls import path, register_converter
from django.urls.converters import StringConverter

from backend.insights import views


class Version(StringConverter):
    """The form of a snapshot's version."""

    regex = r"(?:\d{4}|example-\d{2})-\d{2}-\d{2}\.\d{1,3}"


register_converter(Version, "snapshot_version")

app_name = "insights"
urlpatterns = [
    path("flows/", views.flows, name="flows"),
    path("flows/snapshots/", views.snapshots, name="snapshots"),
    path("flows/data/", views.dictionary, name="dictionary"),
    path("flows/check/", views.check, name="check"),
    path("flows/feed.xml", views.feed, name="feed"),
    path("flows/<snapshot_version:version>/", views.snapshot, name="snapshot"),
    path("flows/<snapshot_version:version>.csv", views.csv_file, name="csv"),
]
