"""Who had a record, when and why, and what recycle rules say of it: read from the log, judged as the clock would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.changes import Change, read_changes
from crm.ownership.anchors import anchor_of
from crm.ownership.models import PooledRecord, RecycleRule, RecycleVerdict
from crm.ownership.recycling import Due, Judge
from crm.records.kinds import kind_of
from crm.records.models import Entry, EntryLink

SHOWN = 50
ALWAYS = timedelta(days=36500)


@dataclass(frozen=True)
class Handed:
    """One time that the record got another owner, or a pool."""

    entry: Entry
    said: str
    changes: list[Change]


@dataclass(frozen=True)
class Prospect:
    """What one rule says of a record now: when it is due, or why it is not."""

    rule: RecycleRule
    label: str
    due: Due | None
    why: str


def hands_of(record: PooledRecord, user: Any) -> list[Handed]:
    """The latest times that the record changed hands, the newest first."""
    label = record.entity_label()
    links = EntryLink.objects.filter(entity=label, record_id=record.pk).values("entry_id")
    own = Q(entity=label, record_id=record.pk) & (Q(changes__has_key="owner") | Q(changes__has_key="pool"))
    entries = list(Entry.objects.filter(own, pk__in=links).select_related("actor").order_by("-at", "-id")[:SHOWN])
    changes = read_changes(user, entries)
    return [Handed(entry, kind_of(entry.kind).said(_("this record")), _hands(changes[entry.pk])) for entry in entries]


def _hands(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change.name in {"owner", "pool"}]


def prospects_of(record: PooledRecord, now: datetime | None = None) -> list[Prospect]:
    """What each rule in use would do with the record, and why or why not."""
    now, found = now or timezone.now(), []
    rules = RecycleRule.objects.filter(active=True, pool__active=True, pool__entity=record.entity_label())
    for rule in rules.select_related("pool").order_by("pool__position", "pk"):
        anchor = anchor_of(rule.pool.entity, rule.counted_from)
        judge = Judge(rule, now)
        due = next(judge.due_by(now + ALWAYS, judge.rows().filter(pk=record.pk)), None) if judge.sound else None
        found.append(Prospect(rule, anchor.label if anchor else rule.counted_from, due, _why(judge, due)))
    return found


def _why(judge: Judge, due: Due | None) -> str:
    if not judge.sound:
        return _("The rule can't be understood any more and does nothing.")
    if due is None:
        return _("It is not about this record: its owner is not of the pool, or its conditions do not hold.")
    if due.exempt:
        return _("The record is exempt.")
    return ""


def verdicts_on(record: PooledRecord) -> list[RecycleVerdict]:
    """What rules decided about the record, the newest first."""
    rows = RecycleVerdict.objects.filter(record_id=record.pk, rule__pool__entity=record.entity_label())
    return list(rows.select_related("rule__pool").order_by("-at", "-pk")[:SHOWN])
