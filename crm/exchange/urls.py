from django.urls import path

from crm.exchange import downloads, views

app_name = "exchange"

urlpatterns = [
    path("import/<str:label>/", views.start, name="start"),
    path("import/<str:label>/template.<str:format>", downloads.template, name="template"),
    path("imports/<int:pk>/reading/", views.reading, name="reading"),
    path("imports/<int:pk>/reading/state/", views.reading_state, name="reading_state"),
    path("imports/<int:pk>/columns/", views.columns, name="columns"),
    path("imports/<int:pk>/values/", views.values, name="values"),
    path("imports/<int:pk>/check/", views.check, name="check"),
    path("imports/<int:pk>/check/state/", views.check_state, name="check_state"),
    path("imports/<int:pk>/begin/", views.begin, name="begin"),
    path("imports/<int:pk>/undo/", views.take_back, name="undo"),
    path("imports/<int:pk>/rejected.<str:format>", downloads.rejected, name="rejected"),
]
