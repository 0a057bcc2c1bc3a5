"""The timeline of a record: what happened to it and its parts, as far as the reader may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import islice

from django.apps import apps
from django.db.models import Model, Q, prefetch_related_objects
from django.utils import timezone

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.changes import Change, read_changes
from crm.entities.entity import registry
from crm.entities.merged import former_ids, took_over
from crm.entities.refs import Place, by_entity, places
from crm.entities.undoing import may_put_back
from crm.records.kinds import Kind, groups, kind_of
from crm.records.kinds import registry as kinds
from crm.records.models import Entry, EntryLink
from crm.records.undo import creates, trashes, undoable
from crm.users.models import User

PAGE = 20
# How far back to look at first: most records are read where something happened lately. Then at all before that.
WINDOWS = (timedelta(days=92), None)
# After so many batches that the reader may not see, a page ends early and offers to go on.
MOST_BATCHES = 6
LATER_BATCH = 120
PLAIN = "entities/entry.html"

# Of the people who did something, their names.
_OF_ENTRY = [f.name for f in Entry._meta.concrete_fields] + [f"actor__{name}" for name in User.shown_by]

Placed = tuple[Entry, Place]


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: the moment and the id of its last entry."""

    at: datetime
    entry_id: int

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor of an address; None when there is none or it was garbled."""
        at, _dot, entry_id = text[:60].partition("~")
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            return None
        if moment.tzinfo is None or not 1900 < moment.year < 2200:
            return None
        return cls(moment, int(entry_id)) if entry_id.isascii() and entry_id.isdigit() and len(entry_id) < 19 else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.entry_id}"


@dataclass
class Line:
    """One entry as it is shown: ``own`` when it is about the page's record itself, ``subject`` for kinds that draw it.

    ``see`` gives an entity as the reader sees it, one for all lines of a page.
    ``place`` is where its subject is found now: on its page, in the trash, or nowhere any more.
    """

    entry: Entry
    kind: Kind
    own: bool
    entity_name: str
    place: Place
    see: Callable[[str], BoundEntity]
    changes: list[Change] = field(default_factory=list)
    undoable: bool = False
    restores: Sequence[Change] = ()
    subject: Model | None = None


@dataclass(frozen=True)
class Page:
    """Some lines, newest first; ``next`` is where the following page starts."""

    lines: list[Line]
    next: Cursor | None
    groups: list[tuple[str, str]]


def timeline(
    bound: BoundEntity,
    record: Model,
    *,
    group: str = "",
    before: Cursor | None = None,
    own: bool = False,
    size: int = PAGE,
    now: datetime | None = None,
) -> Page:
    """A page of the record's timeline; ``own`` leaves what happened to other records out (its history)."""
    selves = [record.pk, *(former_ids(bound.label, record.pk) if took_over(record) else ())]
    links = _links(bound, selves, group if not own else "", before, now or timezone.now())
    found: list[Placed] = []
    last: Cursor | None = None
    for number in range(MOST_BATCHES):
        batch = list(islice(links, LATER_BATCH if number else size + 1))
        if not batch:
            last = None
            break
        seen = _readable(bound, record, selves, batch)
        found += [(e, place) for e, place in seen if not own or _is_of(e, bound.label, selves)]
        last = Cursor(batch[-1].at, batch[-1].entry_id)
        if len(found) > size:
            found = found[:size]
            last = Cursor(found[-1][0].at, found[-1][0].pk)
            break
    return Page(_lines(bound, record, found), last, groups_of() if not own else [])


def groups_of() -> list[tuple[str, str]]:
    """(name, label) of the filters for which there are kinds."""
    used = {kind.group for kind in kinds.values()} | {"changes"}
    return [(name, str(label)) for name, label in groups.items() if name in used]


def _links(
    bound: BoundEntity, selves: list[int], group: str, before: Cursor | None, now: datetime
) -> Iterator[EntryLink]:
    """Links newest first, read in growing windows of time so that only the newest months are touched.

    ``selves`` are the record and those that were merged into it: what shows on two of them shows once.
    """
    of = {"record_id": selves[0]} if len(selves) == 1 else {"record_id__in": selves}
    rows = EntryLink.objects.filter(_of_group(group), entity=bound.label, **of).order_by("-at", "-entry_id")
    start, told = before.at if before else now + timedelta(days=1), 0
    for window in WINDOWS:
        end = start - window if window else None
        part = rows.filter(at__lte=start)
        part = part.filter(at__gt=end) if end else part
        if before:
            part = part.filter(Q(at__lt=before.at) | Q(at=before.at, entry_id__lt=before.entry_id))
        while True:
            batch = list(part[: PAGE + 1])
            for link in batch:
                if link.entry_id != told:
                    yield link
                told = link.entry_id
            if len(batch) <= PAGE:
                break
            seen = batch[-1]
            part = part.filter(Q(at__lt=seen.at) | Q(at=seen.at, entry_id__lt=seen.entry_id))
        if end is None:
            return
        start, before = end, None


def _of_group(group: str) -> Q:
    """The condition on kinds of a filter; what is not declared otherwise counts as a change."""
    if group not in groups:
        return Q()
    if group == "changes":
        return ~Q(kind__in=[name for name, kind in kinds.items() if kind.group != "changes"])
    return Q(kind__in=[name for name, kind in kinds.items() if kind.group == group])


def _is_of(entry: Entry, label: str, selves: list[int]) -> bool:
    return entry.entity == label and entry.record_id in selves


def _is_own(entry: Entry, record: Model) -> bool:
    return (entry.entity, entry.record_id) == (record._meta.label_lower, record.pk)


def _readable(bound: BoundEntity, record: Model, selves: list[int], links: list[EntryLink]) -> list[Placed]:
    """The entries of a batch of links whose subjects the reader may see: one query for each kind of subject."""
    ids = [link.entry_id for link in links]
    entries = Entry.objects.filter(id__in=ids, at__lte=links[0].at, at__gte=links[-1].at)
    found = list(entries.select_related("actor").only(*_OF_ENTRY))
    prefetch_related_objects(found, "change_set")  # few belong to one
    wanted = by_entity((e.entity, e.record_id) for e in found if not _is_of(e, bound.label, selves))
    seen = {label: places(bound.user, label, pks) for label, pks in wanted.items()}
    here = Place(bound.url("record", record.pk))
    found_at = [
        (e, here if _is_of(e, bound.label, selves) else seen[e.entity].get(e.record_id) or _gone(bound, e))
        for e in found
    ]
    return [(entry, place) for entry, place in found_at if place is not None]


def _gone(bound: BoundEntity, entry: Entry) -> Place | None:
    """That something was removed for good is told to who may see such records at all: the entry holds no name any more."""
    told = entry.kind == f"{entry.entity}.purged" and policy.can(bound.user, entry.entity, "view")
    return Place() if told else None


def _lines(bound: BoundEntity, record: Model, found: list[Placed]) -> list[Line]:
    entries = [entry for entry, _place in found]
    changes = read_changes(bound.user, entries)
    subjects = _subjects(record, entries)
    lines = []
    names = {label: registry[label].name if label in registry else bound.name for label in {e.entity for e in entries}}
    see = cache(lambda label: bind(registry[label], bound.user))
    for entry, place in found:
        lines.append(
            Line(
                entry=entry,
                kind=kind_of(entry.kind),
                own=_is_own(entry, record),
                entity_name=names[entry.entity],
                place=place,
                see=see,
                changes=changes[entry.pk],
                undoable=undoable(entry),
                restores=_restores(bound, record, entry, changes[entry.pk]),
                subject=subjects.get((entry.entity, entry.record_id)),
            )
        )
    return lines


def _restores(bound: BoundEntity, record: Model, entry: Entry, changes: list[Change]) -> list[Change]:
    """The changes of the record's own history whose earlier values the reader may put back one by one."""
    if not _is_own(entry, record) or creates(entry) or trashes(entry):
        return []
    return [change for change in changes if may_put_back(bound, change.name)]


def _subjects(record: Model, entries: list[Entry]) -> dict[tuple[str, int], Model]:
    """The records of entries whose kinds draw themselves, one query for each model; ``record`` is here already."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        if kind_of(entry.kind).template != PLAIN and not _is_own(entry, record):
            wanted[entry.entity].add(entry.record_id)
    return {(record._meta.label_lower, record.pk): record} | {
        (label, pk): subject
        for label, pks in wanted.items()
        for pk, subject in apps.get_model(label)._base_manager.in_bulk(pks).items()
    }
