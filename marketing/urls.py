from django.urls import path

from marketing.events import views as events
from marketing.links import views as links
from marketing.webforms import public, views

app_name = "marketing"
urlpatterns = [
    path("marketing/events/import/", events.bring, name="events_file"),
    path("hooks/events/<slug:token>/", events.receive, name="events"),
    path("q/<slug:code>/", links.follow, name="link"),
    path("marketing/links/<int:pk>/qr.<str:kind>", links.qr_code, name="link_qr"),
    path("f/embed.js", public.embed_script, name="form_embed"),
    path("f/confirm/<str:token>/", public.confirm_page, name="form_confirm"),
    path("f/<slug:token>/", public.form_page, name="form"),
    path("f/<slug:token>/thanks/", public.thanks_page, name="form_thanks"),
    path("marketing/webforms/<int:pk>/fields/", views.save_fields, name="form_fields"),
    path(
        "marketing/webforms/<int:pk>/submissions/<int:submission_pk>/retry/", views.retry_submission, name="form_retry"
    ),
]
