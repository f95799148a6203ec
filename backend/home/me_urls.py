"""A person's own pages, under /…/me/. Part of the `home` namespace."""

from django.urls import path

from backend.home import choice_pages, close_pages, me_pages, profile_pages

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
    path("steering/", choice_pages.keep_steering, name="keep_steering"),
    path("tokens/", me_pages.tokens, name="tokens"),
    path("tokens/<str:prefix>/revoke/", me_pages.revoke_token, name="revoke_token"),
    path("data/", me_pages.data, name="data"),
    path("sign-out-everywhere/", me_pages.sign_out_everywhere, name="sign_out_everywhere"),
    path("close/", close_pages.close, name="close"),
    path("closed/", close_pages.closed, name="closed"),
]
