from django.urls import path

from sales.invoicing import views

app_name = "invoicing"
urlpatterns = [path("sales/invoices/issue/", views.issue_file, name="issue_file")]
