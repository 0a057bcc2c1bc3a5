"""What the room does when records are removed for good."""

from __future__ import annotations

from django.db.models import Model

from crm.exchange import privacy  # noqa: F401 - it registers itself
from crm.exchange.models import Import
from crm.exchange.sources import forget
from crm.records.actor import Actor
from crm.records.hooks import on_purge
from crm.records.models import Entry


@on_purge
def forget_sources(model: type[Model], ids: list[int], actor: Actor) -> None:
    """The file that a removed record came from still holds what was removed: it goes with it."""
    written = Entry.objects.filter(entity=model._meta.label_lower, record_id__in=ids).exclude(change_set=None)
    forget(Import.objects.filter(changes__in=written.values("change_set_id")))
