"""Cleaning many records: what would change is shown first, a job changes it as one set that can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.constraints import refusal
from crm.entities.entity import registry
from crm.jobs.models import Job
from crm.jobs.services import start_job
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import ChangeSet
from customers.care.cleaners import CLEANERS, Cleaner

KIND = "customers.cleanse"
BATCH, SHOWN, LOOKED_AT, COUNT_TO = 500, 100, 2000, 99_999


@dataclass(frozen=True)
class Change:
    """One record as it is and as it would be; ``after`` is empty where nothing can be done about it."""

    record: Any
    before: str
    after: str


def cleaners_for(user: Any) -> list[Cleaner]:
    """What the user may clean."""
    return [cleaner for cleaner in CLEANERS.values() if cleaner.bound(user) is not None]


def rows_of(cleaner: Cleaner, bound: BoundEntity) -> QuerySet:
    """The records that might be mended, as far as the user may change them."""
    return bound.records("change").filter(cleaner.wanted)


def count(cleaner: Cleaner, bound: BoundEntity) -> int:
    """How many there are to look at, counted up to a limit."""
    return rows_of(cleaner, bound).order_by()[: COUNT_TO + 1].count()


def mended(cleaner: Cleaner, record: Any) -> Any:
    """The new stored value, None where it would be no other."""
    source = type(record)._meta.get_field(cleaner.field)
    new = cleaner.fix(record)
    limit = getattr(source, "max_length", None)
    if new in (None, getattr(record, source.attname)) or (limit and len(str(new)) > limit):
        return None
    return new


def preview(cleaner: Cleaner, bound: BoundEntity) -> tuple[list[Change], int]:
    """The first changes, and how many of those looked at can't be mended."""
    found: list[Change] = []
    left = 0
    regions: set[int] = set()
    for record in rows_of(cleaner, bound).order_by("pk")[:LOOKED_AT]:
        new = mended(cleaner, record)
        if new is None:
            left += 1
        elif len(found) < SHOWN:
            found.append(Change(record, bound.field(cleaner.field).text(record), str(new)))
            regions |= {new} if cleaner.field == "region" else set()
    if regions:
        model = bound.model._meta.get_field("region").related_model
        names = {str(row.pk): row.name for row in model.objects.filter(pk__in=regions)}
        found = [Change(one.record, one.before, names[one.after]) for one in found]
    return found, left


@transaction.atomic
def start_cleaning(cleaner: Cleaner, user: Any) -> Job:
    """The job that mends everything that is there now."""
    actor = Actor(user, "job")
    bound = cleaner.bound(user)
    title = _("%(entities)s: %(what)s") % {"entities": registry[cleaner.entity].plural, "what": cleaner.label}
    changes = records.change_set("cleanse", actor=actor, entity=cleaner.entity, title=title)
    last = rows_of(cleaner, bound).order_by().aggregate(last=Max("pk"))["last"] or 0
    params = {"code": cleaner.code, "changes": changes.pk, "entity": cleaner.entity, "last": last}
    return start_job(KIND, user=user, params=params, title=title, total=count(cleaner, bound))


def batches(cleaner: Cleaner, bound: BoundEntity, last: int, after: int) -> Iterator[list[Any]]:
    """The records in the order of their ids; what is mended falls out of the condition, so the id leads on."""
    while batch := list(rows_of(cleaner, bound).filter(pk__gt=after, pk__lte=last).order_by("pk")[:BATCH]):
        after = batch[-1].pk
        yield batch


def clean(cleaner: Cleaner, batch: list[Any], *, actor: Actor, changes: ChangeSet) -> tuple[int, int, dict[str, int]]:
    """(mended, left alone, reasons of refusals with their counts) of one batch, within the caller's transaction."""
    source = type(batch[0])._meta.get_field(cleaner.field)
    changed = []
    for record in batch:
        new = mended(cleaner, record)
        if new is not None:
            setattr(record, source.attname, new)
            changed.append(record)
    refused: dict[str, int] = {}
    try:
        with transaction.atomic():
            records.save_many(changed, actor=actor, changes=changes)
        done = len(changed)
    except (ValidationError, IntegrityError, Conflict):
        done = sum(_one(record.pk, cleaner, refused, actor, changes) for record in changed)
    return done, len(batch) - len(changed), refused


def _one(pk: int, cleaner: Cleaner, refused: dict[str, int], actor: Actor, changes: ChangeSet) -> bool:
    """One record of a batch in which something was refused; read anew, as a part of it may have been set already."""
    model = registry[cleaner.entity].model
    record = model._base_manager.get(pk=pk)
    new = mended(cleaner, record)
    try:
        with transaction.atomic():
            if new is None:
                return False
            setattr(record, model._meta.get_field(cleaner.field).attname, new)
            records.save(record, actor=actor, changes=changes)
        return True
    except (ValidationError, IntegrityError, Conflict) as error:
        if isinstance(error, IntegrityError):
            error = refusal(model, error)
        said = "; ".join(error.messages) if isinstance(error, ValidationError) else _("Somebody changed it meanwhile.")
        refused[said] = refused.get(said, 0) + 1
        return False
