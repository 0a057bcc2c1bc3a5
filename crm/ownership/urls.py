from django.urls import path

from crm.ownership import views

app_name = "ownership"
urlpatterns = [path("handover/", views.handover, name="handover")]
