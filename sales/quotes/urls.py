from django.urls import path

from sales.quotes import public, views

app_name = "quotes"
urlpatterns = [
    path("sales/quotes/<int:pk>/sending/", views.sending, name="sending"),
    path("offer/<str:token>/", public.offer, name="offer"),
    path("offer/<str:token>/quote.pdf", public.offer_pdf, name="offer_pdf"),
]
