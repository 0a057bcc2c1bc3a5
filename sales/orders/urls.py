from django.urls import path

from sales.orders import views

app_name = "orders"
urlpatterns = [path("sales/whitespace/<int:pk>/", views.white_space, name="white_space")]
