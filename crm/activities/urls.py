from django.urls import path

from crm.activities import views

app_name = "activities"
urlpatterns = [
    path("activities/add/<str:label>/<int:pk>/", views.add, name="add"),
    path("activities/next/<str:label>/<int:pk>/", views.steps, name="next"),
    path("activities/due/", views.due, name="due"),
    path("activities/tasks/<int:pk>/tick/", views.check, name="check"),
]
