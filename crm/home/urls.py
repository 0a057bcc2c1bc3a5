from django.urls import path

from crm.home import views

app_name = "home"
urlpatterns = [path("nav/count/<str:label>/", views.count, name="count")]
