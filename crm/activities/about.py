"""What an activity is about, by name: never kept with it, always read anew for whoever reads the activity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from django.db import models
from django.db.models.query import ModelIterable

from crm.access.querysets import RestrictedQuerySet
from crm.entities.refs import Key, Ref, hidden, refs

CHUNK = 2000


class Batch:
    """What the activities of one query are about; asked for once an entity, when the first name is needed."""

    def __init__(self, user: Any, keys: Iterable[Key]) -> None:
        self.user, self.keys = user, set(keys)

    @cached_property
    def found(self) -> dict[Key, Ref]:
        return refs(self.user, self.keys)


class AboutQuerySet(RestrictedQuerySet):
    """Rows that know for whom they were read, so that each can say what it is about as far as that person may know."""

    _reader: Any = None

    def reachable(self, user: Any, action: str) -> AboutQuerySet:
        rows = super().reachable(user, action)
        rows._reader = user
        return rows

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        found = super().iterator(chunk_size)
        while chunk := list(islice(found, chunk_size or CHUNK)):
            yield from self._told(chunk)

    def _clone(self) -> AboutQuerySet:
        rows = super()._clone()
        rows._reader = self._reader
        return rows

    def _fetch_all(self) -> None:
        fresh = self._result_cache is None
        super()._fetch_all()
        if fresh:
            self._told(self._result_cache)

    def _told(self, rows: list[Any]) -> list[Any]:
        """The rows, sharing one look-up of what they are about."""
        if self._reader is not None and issubclass(self._iterable_class, ModelIterable):
            batch = Batch(self._reader, ((row.on_entity, row.on_id) for row in rows if row.on_id))
            for row in rows:
                row.about_batch = batch
        return rows


class AboutField(models.Field):
    """A value without a column: a ``Ref`` to the record that ``on_entity`` and ``on_id`` name, as the reader may know it.

    On a row that was read for nobody in particular it names nothing.
    """

    kind = "about"
    generated = True  # nothing to fill in, to clean or to write

    def __init__(self, verbose_name: Any = None, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(verbose_name, **kwargs)

    def get_attname_column(self) -> tuple[str, None]:
        return self.get_attname(), None

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only=True)
        setattr(cls, name, property(about))


def about(record: Any) -> Ref | None:
    """What the activity is about; None when it is about nothing."""
    if not record.on_id:
        return None
    batch = getattr(record, "about_batch", None)
    return batch.found[record.on_entity, record.on_id] if batch is not None else hidden()
