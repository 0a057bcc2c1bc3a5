from django.urls import path

from customers import views

app_name = "customers"
urlpatterns = [
    path("customers/org/<int:account>/<int:contact>/", views.line, name="line"),
    path("customers/insight/<str:label>/<int:pk>/", views.insight, name="insight"),
    path("customers/insight/<str:label>/<int:pk>/later/", views.later, name="later"),
    path("customers/insight/<str:label>/<int:pk>/suggestion/", views.suggestion, name="suggestion"),
    path("customers/insight/<str:label>/<int:pk>/website/", views.read_website, name="website"),
]
