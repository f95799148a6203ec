from django.urls import path, register_converter
from django.urls.converters import StringConverter

from backend.insights import office_views, views


class Version(StringConverter):
    """The form of a snapshot's version."""

    regex = r"(?:\d{4}|example-\d{2})-\d{2}-\d{2}\.\d{1,3}"


register_converter(Version, "snapshot_version")


class Drill(StringConverter):
    regex = "month|field|country|region"


register_converter(Drill, "flow_drill")


class MoneyDrill(StringConverter):
    regex = "held|released|returned"


register_converter(MoneyDrill, "money_drill")

app_name = "insights"
urlpatterns = [
    path("flows/", views.flows, name="flows"),
    path("flows/snapshots/", views.snapshots, name="snapshots"),
    path("flows/data/", views.dictionary, name="dictionary"),
    path("flows/check/", views.check, name="check"),
    path("flows/feed.xml", views.feed, name="feed"),
    path("flows/<snapshot_version:version>/", views.snapshot, name="snapshot"),
    path("flows/<snapshot_version:version>/countries/", views.countries, name="countries"),
    path("flows/<snapshot_version:version>.csv", views.csv_file, name="csv"),
    path("flows/<snapshot_version:version>.pdf", views.report, {"kind": "pdf"}, name="report_pdf"),
    path(
        "flows/<snapshot_version:version>.xlsx", views.report, {"kind": "xlsx"}, name="report_xlsx"
    ),
    path("office/programme/", office_views.programme, name="programme"),
    path("office/programme/ledger.csv", office_views.ledger_file, name="ledger_file"),
    path("office/programme/<money_drill:measure>/", office_views.money, name="money"),
    path("office/programme/<flow_drill:series>/", office_views.drill, name="drill"),
    path(
        "office/programme/<snapshot_version:version>/correct/",
        office_views.correct,
        name="correct",
    ),
]
