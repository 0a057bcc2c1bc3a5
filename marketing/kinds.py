"""What marketing does to records, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind
from crm.records.kinds import groups, kind

groups["marketing"] = _("Marketing")
_DRAWN = {"group": "marketing", "template": "marketing/entry.html"}
FORM_SENT = kind("marketing.form.sent", _("sent a form"), icon="forms", followed=True, **_DRAWN)
FORM_CONFIRMED = kind("marketing.form.confirmed", _("confirmed the e-mail address"), icon="at", **_DRAWN)
BOUGHT = kind(
    "marketing.bought", _("bought"), icon="shopping-cart", group="marketing", template="marketing/bought.html"
)
FIELDS_CHANGED = kind("marketing.webform.fields", _("changed the fields of %(subject)s"), icon="forms")

NEW_BY_FORM = notice_kind(
    "form_new",
    _("Somebody new fills in a web form"),
    said=_("%(record)s came by the form “%(form)s”"),
    why=_("You are the record's owner."),
    icon="forms",
    channels=(APP, EMAIL),
)
AGAIN_BY_FORM = notice_kind(
    "form_again",
    _("Somebody we know fills in a web form"),
    said=_("%(record)s filled in the form “%(form)s”"),
    why=_("You are the record's owner."),
    icon="forms",
    channels=(APP, EMAIL),
)
FORM_FAILED = notice_kind(
    "form_failed",
    _("What was sent by one of my web forms could not be taken"),
    said=_("Something sent by the form %(record)s could not be taken"),
    why=_("You are the form's owner."),
    icon="alert-triangle",
    channels=(APP, EMAIL),
)
