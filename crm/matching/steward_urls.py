from django.urls import path

from crm.matching import steward_views
from crm.matching.cases import asking

app_name = "duplicates"
urlpatterns = [
    path("duplicates/", steward_views.pairs, name="pairs"),
    path("duplicates/scan/", steward_views.look_again, name="scan"),
    path("duplicates/ask/", asking.ask, name="ask"),
    path("duplicates/<int:pk>/", steward_views.decide, name="decide"),
]
