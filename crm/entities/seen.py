"""A custom link as one reader may know it: the names of records only where the policy lets them be seen, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from crm.customfields.values import CustomValue
from crm.entities.entity import registry
from crm.entities.refs import Ref, refs


class SeenLink:
    """The field with its reader. It answers like the field; its values are ``Ref`` instead of records."""

    def __init__(self, field: CustomValue, user: Any) -> None:
        self.field, self.user = field, user
        self.known: dict[int, Ref] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.field, name)

    def __deepcopy__(self, memo: Any) -> SeenLink:
        return self

    def preload(self, records: Iterable[models.Model]) -> None:
        """Look up what the records link to; one query, or two."""
        self.learn(pk for record in records if (pk := self.field.raw(record)) is not None)

    def learn(self, pks: Iterable[int]) -> None:
        """Look up records by id."""
        unknown = set(pks) - self.known.keys()
        if not unknown:
            return
        model = self.field.source.related_model
        label = model._meta.label_lower
        if label in registry:
            found = refs(self.user, [(label, pk) for pk in unknown])
            self.known |= {pk: found[label, pk] for pk in unknown}
        else:  # people and lists that admins keep: everybody may know their names
            rows = model._base_manager.in_bulk(unknown)
            self.known |= {pk: Ref(name=str(rows[pk]) if pk in rows else "", seen=True) for pk in unknown}

    def value(self, record: models.Model) -> Ref | None:
        pk = self.field.raw(record)
        if pk is None:
            return None
        self.learn([pk])
        return self.known[pk]

    def text(self, record: models.Model) -> str:
        return self.show(self.value(record))

    def show(self, value: Any) -> str:
        return "" if value is None else str(value)
