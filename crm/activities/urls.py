from django.urls import path

from crm.activities import (
    calendar_views,
    comment_views,
    feed_views,
    people_views,
    star_views,
    task_views,
    views,
    volume_views,
)

app_name = "activities"
urlpatterns = [
    path("activities/add/<str:label>/<int:pk>/", views.add, name="add"),
    path("activities/next/<str:label>/<int:pk>/", views.steps, name="next"),
    path("activities/due/", views.due, name="due"),
    path("activities/tasks/<int:pk>/tick/", views.check, name="check"),
    path("activities/tasks/<int:pk>/step/", task_views.step, name="step"),
    path("activities/tasks/<int:pk>/invite/", task_views.invite, name="invite"),
    path("activities/guests/<int:pk>/answer/", task_views.answer, name="answer"),
    path("activities/guests/<int:pk>/remove/", task_views.remove, name="uninvite"),
    path("activities/volume/", volume_views.volume, name="volume"),
    path("activities/volume/rows/", volume_views.rows, name="volume_rows"),
    path("calendar/", calendar_views.calendar, name="calendar"),
    path("calendar/events/", calendar_views.events, name="events"),
    path("calendar/<int:pk>/move/", calendar_views.move, name="move"),
    path("calendar/addresses/", feed_views.settings, name="calendar_settings"),
    path("activities/lead-times/", feed_views.lead_times, name="lead_times"),
    path("calendar/addresses/new/", feed_views.make_feed, name="make_feed"),
    path("calendar/addresses/<int:pk>/end/", feed_views.end_feed, name="end_feed"),
    path("calendar/feed/<str:token>.ics", feed_views.ics, name="feed"),
    path("activities/comments/<int:pk>/reply/", comment_views.reply, name="reply"),
    path("activities/comments/<int:pk>/change/", comment_views.edit, name="comment_edit"),
    path("activities/comments/<int:pk>/remove/", comment_views.delete, name="comment_delete"),
    path("activities/mentions/<str:label>/<int:pk>/", comment_views.colleagues, name="mentions"),
    path("activities/colleagues/", people_views.anybody, name="anybody"),
    path("activities/people/<str:label>/<int:pk>/", people_views.panel, name="people"),
    path("activities/follow/<str:label>/<int:pk>/", people_views.follow, name="follow"),
    path("activities/star/<str:label>/<int:pk>/", star_views.star, name="star"),
    path("activities/share/<str:label>/<int:pk>/", people_views.share, name="share"),
    path("activities/share/<int:pk>/end/", people_views.unshare, name="unshare"),
]
