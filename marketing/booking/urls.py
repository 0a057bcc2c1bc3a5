from django.urls import path

from marketing.booking import public

app_name = "booking"
urlpatterns = [
    path("b/m/<str:token>/", public.meeting_page, name="meeting"),
    path("b/m/<str:token>/move/", public.move_page, name="move"),
    path("b/m/<str:token>/meeting.ics", public.meeting_file, name="file"),
    path("b/<slug:token>/", public.booking_page, name="page"),
]
