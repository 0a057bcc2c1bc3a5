"""What happens with follow-ups and tasks, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

_DRAWN = {"group": "follow-ups", "template": "activities/entry.html"}
# By the kind of the follow-up. They are entries of the record that was followed up.
FOLLOWED_UP = {
    "note": kind("activities.followup.note", _("wrote a note"), icon="note", **_DRAWN),
    "call": kind("activities.followup.call", _("made a call"), icon="phone", **_DRAWN),
    "visit": kind("activities.followup.visit", _("made a visit"), icon="map-pin", **_DRAWN),
    "meeting": kind("activities.followup.meeting", _("held a meeting"), icon="users", **_DRAWN),
    "email": kind("activities.followup.email", _("wrote an e-mail"), icon="mail", **_DRAWN),
}
COMPLETED = kind("activities.task.completed", _("completed %(subject)s"), icon="circle-check", group="follow-ups")
REOPENED = kind("activities.task.reopened", _("took up again %(subject)s"), icon="refresh", group="follow-ups")
