from django.urls import path

from sales.partners.portal import together, views

app_name = "partner_portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("forgotten/", views.forgotten, name="forgotten"),
    path("welcome/<str:token>/", views.welcome, name="welcome"),
    path("leads/<int:pk>/", views.lead, name="lead"),
    path("registrations/", views.registrations, name="registrations"),
    path("feedback/", together.feedback, name="feedback"),
    path("together/", together.coops, name="coops"),
    path("together/<int:pk>/", together.coop, name="coop"),
    path("documents/", together.documents, name="documents"),
    path("documents/<int:pk>/<int:file>/", together.document, name="document"),
    path("people/", views.people, name="people"),
]
