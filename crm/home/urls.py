from django.urls import path

from crm.home import views

app_name = "home"
urlpatterns = [
    path("", views.home, name="home"),
    path("home/widget/<slug:name>/", views.widget, name="widget"),
    path("home/start/close/", views.close_start, name="close_start"),
    path("nav/count/<str:label>/", views.count, name="count"),
]
