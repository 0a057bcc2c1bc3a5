"""“Notify” as an effect of rules and approvals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.activities import following
from crm.entities.effects import ParamsForm, effect
from crm.notifications import notices
from crm.notifications.services import notify
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import User

TO = (
    ("owner", gettext_lazy("The owner")),
    ("manager", gettext_lazy("The owner's superior")),
    ("followers", gettext_lazy("The owner and everybody who follows the record")),
    ("people", gettext_lazy("These people")),
)


class NotifyForm(ParamsForm):
    """Whom to tell, and what."""

    to = forms.ChoiceField(choices=TO, label=gettext_lazy("Tell"))
    people = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True), required=False, label=gettext_lazy("People")
    )
    text = forms.CharField(
        max_length=300,
        required=False,
        label=gettext_lazy("Words"),
        help_text=gettext_lazy("Empty: “A rule tells you of …”. Where it leads is the record."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("to") == "people" and not given.get("people"):
            self.add_error("people", _("Choose at least one person."))
        return given


def _said(params: Mapping[str, Any]) -> str:
    to = dict(TO).get(params["to"], params["to"])
    people = "、".join(str(person) for person in params.get("people") or ())
    return _("Notify: %(to)s") % {"to": people if params["to"] == "people" else to}


@effect("notify", gettext_lazy("Notify"), "bell", form=NotifyForm, permission="view", describe=_said)
def notify_people(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """Tell people of the record, each by the ways they chose; who may not see it hears nothing."""
    # A rule runs under a name, but nobody did it: that person may be among those who are told.
    doer = Actor(None, actor.cause)
    told = notify(
        _people(record, params), notices.RULE, actor=doer, record=record, text=params["text"].replace("%", "%%")
    )
    return _("%(n)s people were told.") % {"n": len(told)}


def _people(record: Record, params: Mapping[str, Any]) -> list[Any]:
    match params["to"]:
        case "owner":
            return [record.owner_id] if record.owner_id else []
        case "manager":
            return [record.owner.manager_id] if record.owner else []
        case "followers":
            return list(following.followers(record))
    return list(params["people"])
