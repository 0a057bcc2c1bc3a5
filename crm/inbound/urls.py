from django.urls import path

from crm.inbound import views

app_name = "inbound"
urlpatterns = [path("hooks/in/<slug:token>/", views.receive, name="receive")]
