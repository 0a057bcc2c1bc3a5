"""What goes with records that are removed for good."""

from __future__ import annotations

from django.db.models import Model

from crm.activities.models import Follow, FollowUp
from crm.records.actor import Actor
from crm.records.hooks import on_purge
from crm.records.models import Entry
from crm.records.redaction import erase_entries


@on_purge
def silence(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What a follow-up said stands in an entry about another record: that is blanked with it."""
    if model is not FollowUp:
        return
    about = set(FollowUp._base_manager.filter(pk__in=ids).values_list("on_entity", "on_id"))
    for label, pk in about - {("", None)}:
        told = Entry.objects.filter(entity=label, record_id=pk, data__followup__in=ids)
        erase_entries(list(told.values_list("pk", flat=True)))


@on_purge
def unfollow(model: type[Model], ids: list[int], actor: Actor) -> None:
    """Nobody follows what is not there."""
    Follow.objects.filter(entity=model._meta.label_lower, record_id__in=ids).delete()
