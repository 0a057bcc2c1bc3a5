"""What rules bring along themselves: calling a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.effects import ParamsForm, effect
from crm.records.actor import Actor
from crm.records.models import Record
from crm.workflows.models import Webhook
from crm.workflows.webhooks import queue_call


class WebhookForm(ParamsForm):
    """Which address."""

    webhook = forms.ModelChoiceField(Webhook.objects.filter(active=True), label=gettext_lazy("Webhook"))


@effect("webhook", gettext_lazy("Call a webhook"), "plug", form=WebhookForm, outside=True, permission="view")
def call_webhook(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """Queue one call; whether it arrived stands among the outgoing effects."""
    queue_call(params["webhook"], record, actor=actor)
    return _("Queued a call of %(webhook)s.") % {"webhook": params["webhook"]}
