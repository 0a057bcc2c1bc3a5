from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("crm.users.urls")),
    path("", include("crm.home.urls")),
    path("", include("crm.entities.urls")),
]
