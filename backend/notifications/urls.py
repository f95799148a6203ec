from django.urls import path

from backend.notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("<int:number>/", views.outbox_mail, name="outbox_mail"),
    path("<int:number>/html/", views.outbox_html, name="outbox_html"),
]
