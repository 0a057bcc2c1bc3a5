from django.urls import path

from customers import vcards, views
from customers.care import cleansing_views

app_name = "customers"
urlpatterns = [
    path("customers/contacts/<int:pk>/card.vcf", vcards.card, name="card"),
    path("customers/org/<int:account>/<int:contact>/", views.line, name="line"),
    path("customers/cleansing/", cleansing_views.overview, name="cleansing"),
    path("customers/cleansing/<slug:code>/", cleansing_views.problem, name="problem"),
    path("customers/cleansing/<slug:code>/count/", cleansing_views.counted, name="problem_count"),
    path("customers/insight/<str:label>/<int:pk>/", views.insight, name="insight"),
    path("customers/insight/<str:label>/<int:pk>/later/", views.later, name="later"),
    path("customers/insight/<str:label>/<int:pk>/suggestion/", views.suggestion, name="suggestion"),
    path("customers/insight/<str:label>/<int:pk>/website/", views.read_website, name="website"),
]
