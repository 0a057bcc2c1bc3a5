from django.urls import path

from crm.matching.merging import views

app_name = "matching"
urlpatterns = [
    path("merge/<slug:area>/<slug:slug>/", views.MergeView.as_view(), name="merge"),
    path("merges/<int:pk>/", views.operation, name="operation"),
    path("merges/<int:pk>/undo/", views.take_back, name="unmerge"),
]
