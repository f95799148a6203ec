"""A person's own pages, under /…/me/. Part of the `home` namespace."""

from django.urls import path

from backend.home import (
    choice_pages,
    close_pages,
    demand_pages,
    list_pages,
    me_pages,
    profile_pages,
    search_pages,
)

urlpatterns = [
    path("", me_pages.overview, name="me"),
    path("details/", me_pages.details, name="details"),
    path("consent/", me_pages.consent, name="consent"),
    path("profile/", profile_pages.profile, name="profile"),
    path("saved/", me_pages.saved, name="saved"),
    path("saved/<str:key>/", me_pages.save_project, name="save_project"),
    path("saved/<str:key>/drop/", me_pages.drop_project, name="drop_project"),
    path("dismissed/", choice_pages.dismissed, name="dismissed"),
    path("dismissed/<str:key>/", choice_pages.dismiss, name="dismiss"),
    path("dismissed/<str:key>/undo/", choice_pages.undo_dismissal, name="undo_dismissal"),
    path("lists/", list_pages.past_lists, name="past_lists"),
    path("lists/<str:key>/", list_pages.past_list, name="past_list"),
    path("searches/", search_pages.searches, name="searches"),
    path("searches/new/", search_pages.keep_search, name="keep_search"),
    path("searches/stop/<str:token>/", search_pages.stop_alert, name="stop_alert"),
    path("searches/<str:key>/alert/", search_pages.set_alert, name="set_alert"),
    path("searches/<str:key>/drop/", search_pages.drop_search, name="drop_search"),
    path("proposals/<str:key>/demand/", demand_pages.demand, name="demand"),
    path("steering/", choice_pages.keep_steering, name="keep_steering"),
    path("tokens/", me_pages.tokens, name="tokens"),
    path("tokens/<str:prefix>/revoke/", me_pages.revoke_token, name="revoke_token"),
    path("data/", me_pages.data, name="data"),
    path("sign-out-everywhere/", me_pages.sign_out_everywhere, name="sign_out_everywhere"),
    path("close/", close_pages.close, name="close"),
    path("closed/", close_pages.closed, name="closed"),
]
