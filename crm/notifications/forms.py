"""How somebody wants to be told, as they choose it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _

from crm.notifications.models import Choice, Hours
from crm.notifications.registry import channels, kinds
from crm.notifications.services import channels_of

CLOCK = forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class HoursForm(forms.ModelForm):
    """Quiet hours and the hour of the summary."""

    class Meta:
        model = Hours
        fields = ("quiet_from", "quiet_until", "digest_at", "only_working_time", "digest_on_workdays")
        widgets = {"quiet_from": CLOCK, "quiet_until": CLOCK, "digest_at": CLOCK}

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if (given.get("quiet_from") is None) != (given.get("quiet_until") is None):
            self.add_error("quiet_until", _("Enter both ends of the quiet hours, or none."))
        return given


def choices_of(user: Any) -> list[dict[str, Any]]:
    """A row a kind with a box a channel, as the person has chosen."""
    chosen = dict(Choice.objects.filter(user=user).values_list("kind", "channels"))
    rows = []
    for kind in kinds.values():
        if kind.name == "not_sent" and not user.is_superuser:
            continue
        on = channels_of(kind.name, chosen.get(kind.name))
        boxes = [{"name": c.name, "label": c.label, "on": c.name in on} for c in channels.values()]
        rows.append({"kind": kind, "boxes": boxes})
    return rows


@transaction.atomic
def save_choices(user: Any, posted: Any) -> None:
    """Keep the boxes that were ticked; a kind as it is by itself needs no row."""
    for kind in kinds.values():
        ticked = [name for name in posted.getlist(f"kind-{kind.name}") if name in channels]
        if set(ticked) == set(kind.channels):
            Choice.objects.filter(user=user, kind=kind.name).delete()
        else:
            Choice.objects.update_or_create(user=user, kind=kind.name, defaults={"channels": ticked})
