from django.urls import path

from customers.loyalty import views

app_name = "loyalty"
urlpatterns = [
    path("points/<str:label>/<int:pk>/", views.earlier, name="statement"),
    path("points/<str:label>/<int:pk>/export/", views.export, name="export"),
]
