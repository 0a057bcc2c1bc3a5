from django.urls import path

from sales.sequences import views

app_name = "sequences"
urlpatterns = [
    path("sequences/<int:pk>/steps/", views.steps, name="steps"),
    path("sequences/preview/<str:label>/<int:pk>/", views.show_preview, name="preview"),
]
