from django.urls import path

from marketing.segments import views

app_name = "segments"
urlpatterns = [
    path("segments/<int:pk>/count/", views.count, name="count"),
    path("segments/of/<str:label>/<int:pk>/", views.of_one, name="of_one"),
]
