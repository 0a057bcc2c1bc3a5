"""What happens with people in sequences, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

_DRAWN = {"group": "messages", "template": "sequences/entry.html"}
ENROLLED = kind("sequences.enrolment.enrolled", _("started %(subject)s"), icon="player-play", **_DRAWN)
MAILED = kind("sequences.enrolment.mailed", _("took a step of %(subject)s"), icon="mail", **_DRAWN)
TASKED = kind("sequences.enrolment.tasked", _("took a step of %(subject)s"), icon="checkbox", **_DRAWN)
PAUSED = kind("sequences.enrolment.paused", _("paused %(subject)s"), icon="player-pause", **_DRAWN)
RESUMED = kind("sequences.enrolment.resumed", _("resumed %(subject)s"), icon="player-play", **_DRAWN)
STOPPED = kind("sequences.enrolment.stopped", _("stopped %(subject)s"), icon="player-stop", **_DRAWN)
FINISHED = kind("sequences.enrolment.finished", _("finished %(subject)s"), icon="flag-check", **_DRAWN)
