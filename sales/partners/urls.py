from django.urls import path

from sales.partners import views

app_name = "partners"
urlpatterns = [path("partners/ranking/", views.ranking, name="ranking")]
