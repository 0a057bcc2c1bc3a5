from django.urls import path

from crm.approvals import asking_views, card_views, gate_views, mail_views, views

app_name = "approvals"
urlpatterns = [
    path("approvals/", views.inbox, name="inbox"),
    path("approvals/count/", views.count, name="count"),
    path("approvals/<int:pk>/", views.instance, name="instance"),
    path("approvals/<int:pk>/do/<slug:verb>/", views.on_instance, name="on_instance"),
    path("approvals/task/<int:pk>/", views.task, name="task"),
    path("approvals/task/<int:pk>/do/<slug:verb>/", views.on_task, name="on_task"),
    path("approvals/ask/<str:label>/<int:pk>/", asking_views.choose, name="choose"),
    path("approvals/ask/<str:label>/<int:pk>/<int:process_pk>/", asking_views.ask, name="ask"),
    path("approvals/mail/<str:token>/", mail_views.decide, name="mail"),
    path("approvals/gate/<str:label>/<int:pk>/", gate_views.gate, name="gate"),
    path("approvals/cards/effect/<str:label>/", card_views.effect, name="effect_card"),
    path("approvals/cards/node/<str:label>/", card_views.node, name="node_card"),
]
