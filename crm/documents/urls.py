from django.urls import path

from crm.documents import public, verbs, views

app_name = "documents"
urlpatterns = [
    path("documents/upload/", views.upload, name="upload"),
    path("documents/<int:pk>/version/", views.version, name="version"),
    path("documents/<int:pk>/restore/<int:number>/", views.restore, name="restore"),
    path("documents/<int:pk>/share/", views.share, name="share"),
    path("documents/<int:pk>/place/", views.place, name="place"),
    path("documents/share/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("papers/<str:label>/<int:pk>/", verbs.paper, name="paper"),
    path("d/<str:token>/", public.shared, name="shared"),
    path("d/<str:token>/file/", public.shared_file, name="shared_file"),
    path("d/<str:token>/picture/<int:number>/", public.shared_picture, name="shared_picture"),
]
