"""What rules bring along themselves: tags, and calling a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.definitions import current
from crm.customfields.models import TAGS, CustomField
from crm.entities import effects
from crm.entities.effects import ParamsForm, effect
from crm.entities.entity import Entity
from crm.records.actor import Actor
from crm.records.models import Record
from crm.workflows.models import Webhook
from crm.workflows.webhooks import queue_call


def tag_fields(entity: Entity) -> list[CustomField]:
    """The fields of an entity that hold several of some options: those are its tags."""
    return [field for field in current().active(entity.label) if field.kind in {"multichoice", TAGS}]


class TagsForm(ParamsForm):
    """Tags of the entity, named with their field where there are several."""

    tags = forms.MultipleChoiceField(label=gettext_lazy("Tags"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, entity: Entity, **kwargs: Any) -> None:
        super().__init__(*args, entity=entity, **kwargs)
        fields = tag_fields(entity)
        self.fields["tags"].choices = [
            (f"{field.code}:{option.value}", f"{field.label}: {option.label}" if len(fields) > 1 else option.label)
            for field in fields
            for option in field.chosen_from
        ]


def _tag(record: Record, params: Mapping[str, Any], *, actor: Actor, add: bool) -> str:
    """Write the fields that hold the tags, by the rules of their forms."""
    wanted: dict[str, set[str]] = {}
    for tag in params["tags"]:
        code, _colon, value = tag.partition(":")
        wanted.setdefault(code, set()).add(value)
    values = {}
    for code, tags in wanted.items():
        held = list((record.custom or {}).get(code) or [])
        values[f"custom.{code}"] = [*held, *(tags - set(held))] if add else [tag for tag in held if tag not in tags]
    return effects.perform("set_fields", record, values, actor=actor)


for name, label, icon, add in (
    ("add_tag", gettext_lazy("Add tags"), "tag", True),
    ("remove_tag", gettext_lazy("Take tags away"), "tags-off", False),
):
    effect(name, label, icon, form=TagsForm, fits=lambda entity: bool(tag_fields(entity)))(partial(_tag, add=add))


class WebhookForm(ParamsForm):
    """Which address."""

    webhook = forms.ModelChoiceField(Webhook.objects.filter(active=True), label=gettext_lazy("Webhook"))


@effect("webhook", gettext_lazy("Call a webhook"), "plug", form=WebhookForm, outside=True, permission="view")
def call_webhook(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """Queue one call; whether it arrived stands among the outgoing effects."""
    queue_call(params["webhook"], record, actor=actor)
    return _("Queued a call of %(webhook)s.") % {"webhook": params["webhook"]}
