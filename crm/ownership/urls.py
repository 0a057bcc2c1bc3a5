from django.urls import path

from crm.ownership import views

app_name = "ownership"
urlpatterns = [
    path("handover/", views.handover, name="handover"),
    path("handover/people/<str:which>/", views.people, name="people"),
    path("handover/takers/<str:label>/<int:pk>/", views.takers, name="takers"),
]
