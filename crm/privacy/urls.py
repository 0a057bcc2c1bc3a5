from django.urls import path

from crm.privacy.views import people, preferences

app_name = "privacy"
urlpatterns = [
    path("preferences/<str:token>/", preferences.preferences, name="preferences"),
    path("privacy/consents/<str:label>/<int:pk>/", people.note, name="note"),
    path("privacy/holds/<int:pk>/release/", people.release, name="release"),
    path("privacy/unmask/<str:label>/<int:pk>/", people.unmask, name="unmask"),
]
