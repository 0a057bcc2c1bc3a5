from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("analytics/sales/", views.sales_dashboard, name="sales"),
    path("analytics/sales/people/", views.people, name="people"),
]
