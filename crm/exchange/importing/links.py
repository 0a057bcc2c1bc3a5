"""Finding the records that a column of cells names, set-wise: one query a batch and column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q

from crm.access import policy
from crm.exchange.importing.makers import container_of
from crm.fields.field import resolve
from crm.lib.text import clean_line, fold
from crm.records.models import Record
from crm.reference.addresses import read_address
from crm.reference.models import Region
from crm.users.models import User

# By what a cell may name a record, in this order; a field whose values the user may not know is no oracle.
NAMES = (
    "name",
    "name_zh",
    "name_en",
    "title",
    "code",
    "number",
    "external_id",
    "tax_id",
    "username",
    "email",
    "mobile",
    "phone",
)
SMALL = 3000


class Finder:
    """Finds records of ``model`` that ``user`` may see. ``within`` narrows names that are unique only in a container.

    ``fitting`` keeps of the rows those that the link may point at.
    """

    def __init__(
        self,
        model: type[models.Model],
        user: Any,
        *,
        within: int | None = None,
        fitting: Callable[[models.QuerySet], models.QuerySet] = lambda rows: rows,
    ) -> None:
        self.model, self.user, self.within, self.fitting = model, user, within, fitting

    def find(self, texts: Iterable[str]) -> dict[str, list[Any]]:
        """The records that each text names: none, one, or several."""
        wanted = {text: fold(text) for text in texts}
        if self.small is not None:
            return {
                text: self._nearest(text, self.small.get(key, []) or self._placed(text)) for text, key in wanted.items()
            }
        found: dict[str, list[Any]] = {text: [] for text in wanted}
        for name in self.names:
            open_ = [text for text, records in found.items() if not records]
            if not open_:
                break
            by_key: dict[str, list[Any]] = defaultdict(list)
            for record in self._lookup(name, open_):
                by_key[fold(str(getattr(record, name)))].append(record)
            for text in open_:
                found[text] = self._nearest(text, by_key.get(wanted[text], []))
        return found

    def _placed(self, text: str) -> list[Any]:
        """The region that 广东省深圳市 or 四川成都 names: people write the province before the city."""
        place = read_address(text) if self.model is Region else None
        return list(self.rows.filter(pk=place.region)) if place else []

    def _nearest(self, text: str, records: list[Any]) -> list[Any]:
        """Of several that differ only in spelling, the one that is spelled so."""
        if len(records) < 2:
            return records
        return [r for r in records if any(getattr(r, name) == text for name in self.names)] or records

    @cached_property
    def rows(self) -> models.QuerySet:
        """The records that may be named."""
        if self.model is User:
            return User.objects.all()
        rows = self.model._default_manager.all()
        if hasattr(rows, "restrict"):
            rows = rows.restrict(self.user) if issubclass(self.model, Record) else rows.alive()
        if self.within is not None and (container := container_of(self.model)):
            rows = rows.filter(**{container.name: self.within})
        return self.fitting(rows)

    @cached_property
    def names(self) -> list[str]:
        """The fields by which a record may be named, as far as the user may read them."""
        have = {f.name for f in self.model._meta.concrete_fields}
        return [
            n
            for n in NAMES
            if n in have and policy.field_mode(self.user, resolve(self.model, n).steps) in {None, policy.Mode.READ}
        ]

    @cached_property
    def small(self) -> dict[str, list[Any]] | None:
        """Everything by folded name, when there is little of it; records of entities are always asked for."""
        if issubclass(self.model, Record):
            return None
        rows = list(self.rows[: SMALL + 1])
        if len(rows) > SMALL:
            return None
        known: dict[str, list[Any]] = {}
        for name in reversed(self.names):
            by_key: dict[str, list[Any]] = defaultdict(list)
            for row in rows:
                for word in [getattr(row, name), *self._aliases(row, name)]:
                    if word and row not in by_key[fold(str(word))]:
                        by_key[fold(str(word))].append(row)
            known |= by_key
        return known

    def forget(self) -> None:
        """Look again: something was made."""
        self.__dict__.pop("small", None)

    def _aliases(self, row: Any, name: str) -> list[str]:
        return list(row.aliases) if name == "name" and hasattr(row, "aliases") else []

    def _lookup(self, name: str, texts: list[str]) -> models.QuerySet:
        """Candidates of one field, through the sort key that the field is indexed by where it has one."""
        key = f"{name}_key"
        if key in getattr(self.model, "prepared", ()):
            samples = [self.model(**{name: clean_line(text)}) for text in texts]
            self.model.prepare(samples)
            return self.rows.filter(Q(**{f"{key}__in": {getattr(s, key) for s in samples}}))
        return self.rows.filter(**{f"{name}__in": texts})
