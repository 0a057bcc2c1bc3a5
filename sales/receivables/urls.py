from django.urls import path

from sales.receivables import views

app_name = "receivables"
urlpatterns = [path("sales/bank/<int:pk>/read/", views.read_statement, name="read_statement")]
