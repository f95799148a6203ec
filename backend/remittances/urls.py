from django.urls import path

from backend.remittances import views

app_name = "remittances"
urlpatterns = [
    path("calculator/", views.calculator, name="calculator"),
]
