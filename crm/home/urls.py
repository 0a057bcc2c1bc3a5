from django.urls import path

from crm.home import views

app_name = "home"
urlpatterns = [
    path("", views.home, name="home"),
    path("nav/count/<str:label>/", views.count, name="count"),
]
