from django.urls import path

from sales.planning import views

app_name = "planning"
urlpatterns = [
    path("sales/attainment/", views.attainment, name="attainment"),
    path("sales/targets/plan/", views.plan, name="plan"),
    path("sales/forecast/", views.forecast, name="forecast"),
    path("sales/forecast/deals/", views.deals, name="deals"),
    path("sales/forecast/changes/", views.changes, name="changes"),
    path("sales/cash/", views.cash_outlook, name="cash"),
]
