from django.urls import path

from sales.catalogue.editor import LinesView

app_name = "catalogue"
urlpatterns = [
    path("<slug:area>/<slug:slug>/<int:pk>/lines/", LinesView.as_view(), name="lines"),
]
