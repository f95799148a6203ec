"""A sent letter as its owner reads it, under /…/letters/."""

from django.urls import path

from backend.home.office import letter_pages

urlpatterns = [
    path("letters/<str:letter_id>/", letter_pages.mine, name="my_letter"),
    path("letters/<str:letter_id>/pdf/", letter_pages.my_pdf, name="my_letter_pdf"),
    path("letters/<str:letter_id>/agree/", letter_pages.agree, name="agree_letter"),
]
