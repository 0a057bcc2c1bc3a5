"""What happens to requests for approval, as timelines tell it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.records.kinds import groups, kind

TEMPLATE = "approvals/entry.html"
groups.setdefault("approvals", _("Approvals"))


def _kind(name: str, label: str, icon: str) -> str:
    return kind(f"approvals.{name}", label, icon=icon, group="approvals", template=TEMPLATE)


# What a step did → its kind of entry.
KINDS = {
    "asked": _kind("asked", _("asked for approval of %(subject)s"), "send"),
    "asked_again": _kind("asked_again", _("asked again for approval of %(subject)s"), "send"),
    "approved": _kind("approved", _("approved %(subject)s"), "check"),
    "rejected": _kind("rejected", _("rejected %(subject)s"), "x"),
    "returned": _kind("returned", _("sent %(subject)s back"), "arrow-back-up"),
    "withdrawn": _kind("withdrawn", _("withdrew the request about %(subject)s"), "arrow-back-up"),
    "added": _kind("added", _("added a signer for %(subject)s"), "user-plus"),
    "transferred": _kind("transferred", _("handed the approval of %(subject)s on"), "transfer"),
    "copied": _kind("copied", _("informed others of %(subject)s"), "copy"),
    "passed": _kind("passed", _("let the approval of %(subject)s pass"), "player-skip-forward"),
    "escalated": _kind("escalated", _("passed the late approval of %(subject)s on"), "alert-triangle"),
    "reminded": _kind("reminded", _("reminded of the approval of %(subject)s"), "bell"),
    "done": _kind("done", _("completed the approval of %(subject)s"), "circle-check"),
    "unlocked": _kind("unlocked", _("unlocked %(subject)s"), "lock-open"),
    "noted": _kind("noted", _("commented on the approval of %(subject)s"), "message"),
}

# The same on the page of the request itself, to be read after a name.
DID = {
    "asked": _("asked for approval"),
    "asked_again": _("asked again for approval"),
    "approved": _("approved"),
    "rejected": pgettext_lazy("approval", "rejected"),
    "returned": _("sent back"),
    "withdrawn": _("withdrew the request"),
    "added": _("added a signer"),
    "transferred": _("handed it on"),
    "copied": _("let others know"),
    "passed": _("let it pass"),
    "escalated": _("passed it on, as it was late"),
    "reminded": _("reminded"),
    "done": _("completed the approval"),
    "unlocked": _("unlocked the record"),
    "noted": _("commented"),
}
