from django.urls import path

from marketing.webforms import public, views

app_name = "marketing"
urlpatterns = [
    path("f/embed.js", public.embed_script, name="form_embed"),
    path("f/confirm/<str:token>/", public.confirm_page, name="form_confirm"),
    path("f/<str:token>/", public.form_page, name="form"),
    path("f/<str:token>/thanks/", public.thanks_page, name="form_thanks"),
    path("marketing/webforms/<int:pk>/fields/", views.save_fields, name="form_fields"),
    path(
        "marketing/webforms/<int:pk>/submissions/<int:submission_pk>/retry/", views.retry_submission, name="form_retry"
    ),
]
