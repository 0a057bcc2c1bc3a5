from django.urls import path

from crm.notifications import again, views

app_name = "notifications"
urlpatterns = [
    path("notifications/", views.inbox, name="inbox"),
    path("notifications/count/", views.count, name="count"),
    path("notifications/latest/", views.latest, name="latest"),
    path("notifications/read/", views.read_all, name="read_all"),
    path("notifications/preferences/", views.preferences, name="preferences"),
    path("notifications/<int:pk>/", views.follow, name="follow"),
    path("notifications/<int:pk>/read/", views.read, name="read"),
    path("notifications/<int:pk>/again/", again.again, name="again"),
]
