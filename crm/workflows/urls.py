from django.urls import path

from crm.workflows import views

app_name = "workflows"
urlpatterns = [
    path("automation/<str:label>/<int:pk>/", views.automation, name="automation"),
    path("automation/<str:label>/<int:pk>/run/<int:rule_pk>/", views.run_now, name="run_now"),
]
