from django.urls import path

from crm.files import views

app_name = "files"
urlpatterns = [
    path("files/<int:pk>/download/", views.download, name="download"),
    path("files/<int:pk>/download/<int:number>/", views.download, name="version"),
    path("files/<int:pk>/preview/<slug:size>/", views.preview, name="preview"),
    path("files/<int:pk>/preview/<slug:size>/<int:number>/", views.preview, name="version_preview"),
]
