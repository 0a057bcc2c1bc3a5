"""Values that a record might get, each with where it comes from. Nothing is written before somebody takes it.

    @suggester("customers.account", "address", _("From the address"), reads=("address",))
    def from_address(record, user): yield Proposal("region", "57", "苏州市")

``reads`` are the fields that a suggestion tells of: who may not know them gets none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import BoundEntity
from crm.entities.forms import EntityForm, entity_form, may_write
from crm.records.actor import Actor
from crm.records.hooks import on_purge, on_redact
from customers.profile.profiles import Suggestion

WEBSITE = "website"
SOURCES: dict[str, Any] = {WEBSITE: _("From the website")}


@dataclass(frozen=True)
class Proposal:
    """``raw`` is the value as a form takes it, ``shown`` as people read it; ``source`` is the code of the suggester."""

    field: str
    raw: str
    shown: str
    detail: str = ""
    source: str = ""
    label: str = ""

    @property
    def why(self) -> str:
        """Where it comes from."""
        return str(SOURCES.get(self.source, self.source))


Look = Callable[[Any, Any], Iterable[Proposal]]


@dataclass(frozen=True)
class Suggester:
    code: str
    reads: tuple[str, ...]
    look: Look


_suggesters: dict[str, list[Suggester]] = {}


def suggester(label: str, code: str, name: Any, *, reads: tuple[str, ...] = ()) -> Callable[[Look], Look]:
    """Decorator: contribute suggestions for records of entity ``label``."""

    def add(look: Look) -> Look:
        _suggesters.setdefault(label, []).append(Suggester(code, reads, look))
        SOURCES.setdefault(code, name)
        return look

    return add


def proposals_of(bound: BoundEntity, record: Any) -> list[Proposal]:
    """What may be suggested for the record to its user now: one for each field and value, without what was turned down."""
    known = Suggestion.objects.filter(entity=bound.label, record_id=record.pk) if record.pk else ()
    rows = list(known)
    settled = {(row.field, row.value) for row in rows if row.state != Suggestion.State.OPEN}
    kept = [
        Proposal(row.field, row.value, row.value, row.detail, row.source)
        for row in rows
        if row.state == Suggestion.State.OPEN
    ]
    found: dict[tuple[str, str], Proposal] = {}
    for one in (*_looked_up(bound, record), *kept):
        key = (one.field, one.raw)
        if key not in settled and key not in found and (fitting := _fitting(bound, record, one)) is not None:
            found[key] = fitting
    return list(found.values())


def _looked_up(bound: BoundEntity, record: Any) -> Iterator[Proposal]:
    for one in _suggesters.get(bound.label, ()):
        if len(bound.readable_on(record, one.reads)) == len(one.reads):
            for proposal in one.look(record, bound.user):
                yield replace(proposal, source=one.code)


def _fitting(bound: BoundEntity, record: Any, proposal: Proposal) -> Proposal | None:
    """The suggestion with the label of its field, where the user may write that and it would say something new."""
    field = next(iter(bound.visible([proposal.field])), None)
    if field is None or field.masked or field.closed(record) or not may_write(bound, field):
        return None
    now = field.field.raw(record)
    if str(now if now is not None else "") == proposal.raw or (
        now not in (None, "") and not _refines(record, proposal)
    ):
        return None
    return replace(proposal, label=str(field.label))


def _refines(record: Any, proposal: Proposal) -> bool:
    """Whether a value that is there would only be said more exactly: a city for its province."""
    if proposal.field != "region" or not record.region_id:
        return False
    region = type(record.region).objects.filter(pk=proposal.raw).first()
    return region is not None and region.path.startswith(record.region.path) and region.pk != record.region_id


def accept(bound: BoundEntity, record: models.Model, proposal: Proposal, *, actor: Actor) -> EntityForm:
    """Write the value by the same form and rules as a person would; the form says what stands against it."""
    data = {proposal.field: proposal.raw, "version": str(record.version)}
    form = entity_form(bound, data, instance=record, names=[proposal.field])
    if form.is_valid() and form.write(actor=actor):
        _settle(bound, record, proposal, Suggestion.State.ACCEPTED, actor)
    return form


def dismiss(bound: BoundEntity, record: models.Model, proposal: Proposal, *, actor: Actor) -> None:
    """This value is not suggested for this field any more."""
    _settle(bound, record, proposal, Suggestion.State.DISMISSED, actor)


def _settle(bound: BoundEntity, record: models.Model, proposal: Proposal, state: str, actor: Actor) -> None:
    key = {"entity": bound.label, "record_id": record.pk, "field": proposal.field, "value": proposal.raw[:2000]}
    made = {"state": state, "by": actor.user, "at": timezone.now(), "source": proposal.source}
    Suggestion.objects.update_or_create(**key, defaults=made)


def remember(label: str, pk: int, source: str, values: Iterable[tuple[str, str]], detail: str) -> int:
    """Keep values that were found elsewhere as suggestions; how many are new. What was settled before stays so."""
    rows = [
        Suggestion(entity=label, record_id=pk, field=name, value=value[:2000], source=source, detail=detail[:300])
        for name, value in values
    ]
    before = Suggestion.objects.filter(entity=label, record_id=pk).count()
    Suggestion.objects.bulk_create(rows, ignore_conflicts=True)
    return Suggestion.objects.filter(entity=label, record_id=pk).count() - before


@on_purge
def forget(model: type[models.Model], ids: list[int], actor: Actor) -> None:
    """Nothing is suggested for what is not there."""
    Suggestion.objects.filter(entity=model._meta.label_lower, record_id__in=ids).delete()


@on_redact
def forget_values(record: Any, fields: Collection[str]) -> int:
    """What was suggested for a field tells of the person, too."""
    rows = Suggestion.objects.filter(entity=record._meta.label_lower, record_id=record.pk, field__in=fields)
    return rows.delete()[0]
