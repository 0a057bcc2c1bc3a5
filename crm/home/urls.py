from django.urls import path

from crm.home import auditing, seen_as, views

app_name = "home"
urlpatterns = [
    path("", views.home, name="home"),
    path("home/widget/<slug:name>/", views.widget, name="widget"),
    path("home/start/close/", views.close_start, name="close_start"),
    path("commands/", views.palette, name="commands"),
    path("audit/", auditing.page, name="audit"),
    path("seen-as/<int:pk>/", seen_as.start, name="seen_as"),
    path("seen-as/stop/", seen_as.stop, name="seen_as_stop"),
    path("nav/count/<str:label>/", views.count, name="count"),
]
