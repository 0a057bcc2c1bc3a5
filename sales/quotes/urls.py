from django.urls import path

from sales.quotes import public

app_name = "quotes"
urlpatterns = [
    path("offer/<str:token>/", public.offer, name="offer"),
    path("offer/<str:token>/quote.pdf", public.offer_pdf, name="offer_pdf"),
]
