"""Records as they were: later changes undone in memory, from the log backwards.

Columns that are computed (``derived``, generated) have no history and keep what they hold now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from crm.fields.field import Field, resolve
from crm.records.diff import set_at
from crm.records.models import Entry, Record

Key = tuple[str, int]


class History:
    """The changes since ``start`` of the records it is asked for; ``record_at`` gives a copy from before the later ones."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self._later: dict[Key, list[Entry]] = {}
        self._rows: dict[Key, Record | None] = {}

    def load(self, label: str, ids: Iterable[int], rows: Iterable[Record] | None = None) -> None:
        """Read records and their later entries in two queries, newest first."""
        wanted = [pk for pk in set(ids) if (label, pk) not in self._rows]
        if not wanted:
            return
        found = {row.pk: row for row in rows} if rows is not None else {}
        missing = [pk for pk in wanted if pk not in found]
        if missing:
            found |= apps.get_model(label)._base_manager.in_bulk(missing)
        later: dict[int, list[Entry]] = defaultdict(list)
        entries = Entry.objects.filter(entity=label, record_id__in=wanted, at__gte=self.start).exclude(changes={})
        for entry in entries.order_by("-at", "-id").only("id", "at", "record_id", "changes", "cause"):
            later[entry.record_id].append(entry)
        for pk in wanted:
            self._rows[label, pk] = found.get(pk)
            self._later[label, pk] = later[pk]

    def record_at(
        self,
        label: str,
        pk: int,
        moment: datetime,
        entry_id: int | None = None,
        fields: Iterable[Field] = (),
        *,
        but: str = "",
    ) -> Any:
        """The record as of ``moment``, right after the entry ``entry_id``; None when it is gone for good.

        Links that ``fields`` walk lead to records of that moment too. Entries whose cause is ``but`` are left in.
        """
        self.load(label, [pk])
        row = self._rows[label, pk]
        if row is None:
            return None
        past = copy(row)
        past._state = copy(row._state)
        past._state.fields_cache = dict(row._state.fields_cache)
        touched = False
        for entry in self._later[label, pk]:
            if entry.at < moment or (entry_id is not None and (entry.at, entry.pk) <= (moment, entry_id)):
                break
            if entry_id is None and entry.at <= moment:
                break
            if but and entry.cause == but:
                continue
            for name, (old, _new) in entry.changes.items():
                touched |= put(past, name, old)
        if touched and past.prepared:
            type(past).prepare([past])
        self._walk(past, fields, moment)
        return past

    def _walk(self, past: Any, fields: Iterable[Field], moment: datetime) -> None:
        """Set the links that conditions walk to the linked records of that moment."""
        deeper: dict[models.Field, list[Field]] = defaultdict(list)
        for field in fields:
            if "__" in field.name:
                rest = field.name.partition("__")[2]
                deeper[field.path[0]].append(resolve(field.path[0].related_model, rest))
        for link, rest in deeper.items():
            target, pk = link.related_model, getattr(past, link.attname)
            if pk is not None and issubclass(target, Record):
                setattr(past, link.name, self.record_at(target._meta.label_lower, pk, moment, None, rest))


def put(record: Any, name: str, value: Any) -> bool:
    """Write a value of the log onto a record in memory; False where it has no place there any more."""
    try:
        set_at(record, name, value)
    except (FieldDoesNotExist, ValidationError):
        return False
    return True
