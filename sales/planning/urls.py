from django.urls import path

from sales.planning import row_views, views

app_name = "planning"
urlpatterns = [
    path("sales/attainment/", views.attainment, name="attainment"),
    path("sales/attainment/rows/", row_views.credits, name="credits"),
    path("sales/targets/plan/", views.plan, name="plan"),
    path("sales/forecast/", views.forecast, name="forecast"),
    path("sales/forecast/deals/", views.deals, name="deals"),
    path("sales/forecast/expected/", row_views.expected, name="expected"),
    path("sales/forecast/changes/", views.changes, name="changes"),
    path("sales/cash/", views.cash_outlook, name="cash"),
    path("sales/cash/rows/", row_views.cash_rows, name="cash_rows"),
]
