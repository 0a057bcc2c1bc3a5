from django.urls import path

from crm.activities import comment_views, people_views, views

app_name = "activities"
urlpatterns = [
    path("activities/add/<str:label>/<int:pk>/", views.add, name="add"),
    path("activities/next/<str:label>/<int:pk>/", views.steps, name="next"),
    path("activities/due/", views.due, name="due"),
    path("activities/tasks/<int:pk>/tick/", views.check, name="check"),
    path("activities/comments/<int:pk>/reply/", comment_views.reply, name="reply"),
    path("activities/comments/<int:pk>/change/", comment_views.edit, name="comment_edit"),
    path("activities/comments/<int:pk>/remove/", comment_views.delete, name="comment_delete"),
    path("activities/mentions/<str:label>/<int:pk>/", comment_views.colleagues, name="mentions"),
    path("activities/colleagues/", people_views.anybody, name="anybody"),
    path("activities/people/<str:label>/<int:pk>/", people_views.panel, name="people"),
    path("activities/follow/<str:label>/<int:pk>/", people_views.follow, name="follow"),
    path("activities/share/<str:label>/<int:pk>/", people_views.share, name="share"),
    path("activities/share/<int:pk>/end/", people_views.unshare, name="unshare"),
]
