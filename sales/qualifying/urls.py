from django.urls import path

from sales.qualifying import views

app_name = "qualifying"
urlpatterns = [path("leads/<int:pk>/answers/<int:question>/", views.give, name="give")]
