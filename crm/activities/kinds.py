"""What happens with follow-ups and tasks, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import groups, kind

_DRAWN = {"group": "follow-ups", "template": "activities/entry.html"}
# By the kind of the follow-up. They are entries of the record that was followed up.
FOLLOWED_UP = {
    "note": kind("activities.followup.note", _("wrote a note"), icon="note", **_DRAWN),
    "call": kind("activities.followup.call", _("noted a call"), icon="phone", **_DRAWN),
    "visit": kind("activities.followup.visit", _("made a visit"), icon="map-pin", **_DRAWN),
    "meeting": kind("activities.followup.meeting", _("held a meeting"), icon="users", **_DRAWN),
    "email": kind("activities.followup.email", _("wrote an e-mail"), icon="mail", **_DRAWN),
}
COMPLETED = kind("activities.task.completed", _("completed %(subject)s"), icon="circle-check", group="follow-ups")
REOPENED = kind("activities.task.reopened", _("took up again %(subject)s"), icon="refresh", group="follow-ups")
CANCELLED = kind("activities.task.cancelled", _("called off %(subject)s"), icon="circle-x", group="follow-ups")
STARTED = kind("activities.task.started", _("began %(subject)s"), icon="player-play")
CHECKED_IN = kind("activities.task.checked_in", _("arrived for %(subject)s"), icon="map-pin", group="follow-ups")
_OF_GUESTS = {"template": "activities/invitation.html"}
INVITED = kind("activities.task.invited", _("invited somebody to %(subject)s"), icon="user-plus", **_OF_GUESTS)
UNINVITED = kind("activities.task.uninvited", _("took somebody off %(subject)s"), icon="user-minus", **_OF_GUESTS)
ANSWERED = kind(
    "activities.task.answered", _("answered the invitation to %(subject)s"), icon="calendar-check", **_OF_GUESTS
)
REPEATED = kind(
    "activities.task.repeated", _("lets %(subject)s repeat"), icon="repeat", template="activities/repeated.html"
)
ESCALATED = kind("activities.task.escalated", _("%(subject)s has been overdue for days"), icon="alert-triangle")

groups["comments"] = _("Comments")
_SAID = {"group": "comments", "icon": "message-circle"}
COMMENT_ADDED = kind("activities.comment.created", _("commented"), template="activities/comment.html", **_SAID)
# What is told of them is that they happened: the words stand in the history of the comment.
COMMENT_CHANGED = kind("activities.comment.changed", _("changed a comment"), template="activities/event.html", **_SAID)
COMMENT_DELETED = kind("activities.comment.deleted", _("deleted a comment"), template="activities/event.html", **_SAID)
COMMENT_RESTORED = kind(
    "activities.comment.restored", _("brought back a comment"), template="activities/event.html", **_SAID
)
SHARED = kind("activities.share.given", _("shared %(subject)s"), icon="user-share", template="activities/shared.html")
SHARE_ENDED = kind(
    "activities.share.ended", _("stopped sharing %(subject)s"), icon="user-off", template="activities/shared.html"
)
