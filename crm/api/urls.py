"""``/api/v1/``: the document, and the same places as the pages have."""

from django.urls import path

from crm.api import document, views

app_name = "api"
RECORDS = "api/v1/<slug:area>/<slug:slug>/"

urlpatterns = [
    path("api/v1/openapi.json", document.DocumentView.as_view(), name="document"),
    path(RECORDS, views.RecordsView.as_view(), name="records"),
    path(f"{RECORDS}<int:pk>/", views.RecordView.as_view(), name="record"),
    path(f"{RECORDS}<int:pk>/do/<slug:name>/", views.VerbView.as_view(), name="verb"),
]
