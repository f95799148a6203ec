from django.urls import path, register_converter
from django.urls.converters import StringConverter

from backend.remittances import plan_pages, views


class Pausing(StringConverter):
    regex = "pause|resume"


class Deciding(StringConverter):
    regex = "skip|agree"


class Lining(StringConverter):
    regex = "remove|keep"


register_converter(Pausing, "plan_pausing")
register_converter(Deciding, "plan_deciding")
register_converter(Lining, "plan_lining")

app_name = "remittances"
urlpatterns = [
    path("calculator/", views.calculator, name="calculator"),
    path("me/calculations/keep/", plan_pages.save_calculation, name="save_calculation"),
    path("me/calculations/<str:key>/drop/", plan_pages.drop_calculation, name="drop_calculation"),
    path("me/plans/", plan_pages.plans, name="plans"),
    path("me/plans/new/", plan_pages.new_plan, name="new_plan"),
    path("me/plans/<str:key>/", plan_pages.plan, name="plan"),
    path("me/plans/<str:key>/change/", plan_pages.change_plan, name="change_plan"),
    path("me/plans/<str:key>/stop/", plan_pages.stop_plan, name="stop_plan"),
    path(
        "me/plans/<str:key>/<plan_pausing:act>/",
        plan_pages.pause_or_resume,
        name="pause_or_resume",
    ),
    path("me/plan-months/<str:key>/<plan_deciding:act>/", plan_pages.decide_run, name="decide_run"),
    path(
        "me/plan-months/<str:key>/<int:number>/<plan_lining:act>/",
        plan_pages.decide_line,
        name="decide_line",
    ),
]
