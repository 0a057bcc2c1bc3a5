"""One descriptor a value: how to label, read, show, clean and find it, on every surface."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, Sum
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from crm.fields.kinds import NUMERIC, OPERATORS, kind_of
from crm.fields.trees import UNDER, is_tree

LIMIT = Decimal(10**16)

# Room of a name ("custom." in "account__custom.grade") → function (model, rest of the name, links before it) → Field.
# Filled by rooms above.
resolvers: dict[str, Callable[[type[models.Model], str, str], Field]] = {}

_WORDS = frozenset({"text", "longtext", "email", "url", "phone", "choice", "sealed"})


@dataclass(frozen=True)
class Field:
    """A named value of ``model``; ``name`` may walk through links: ``"account__region"``.

    Where the value lies is the field's own business: ask ``q``, ``differs``, ``empty`` for conditions, ``expression`` for sums,
    ``put`` to write it, ``stored`` and ``unpack`` to read it without a record. Subclasses keep it elsewhere than in a column.
    """

    model: type[models.Model]
    name: str
    built_in = True
    # Where its true value may be known: conditions hold only there. None: everywhere.
    guard = None

    def __deepcopy__(self, memo: Any) -> Field:
        return self

    def guarded(self, guard: Q | None) -> Field:
        """The same field, whose value is known only in the rows of ``guard``."""
        if guard is None:
            return self
        found = copy(self)
        found.__dict__["guard"] = guard
        return found

    @cached_property
    def path(self) -> tuple[models.Field, ...]:
        """The chain of model fields that ``name`` walks through; FieldDoesNotExist when it names none."""
        model: Any = self.model
        path: list[Any] = []
        for part in self.name.split("__"):
            if model is None:
                raise FieldDoesNotExist(self.name)
            path.append(model._meta.get_field(part))
            model = path[-1].related_model
        return tuple(path)

    @property
    def source(self) -> models.Field:
        return self.path[-1]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(entity, field) of every hop, as the policy asks for them: the entity by which one came, not the table."""
        entities = [self.model, *(hop.related_model for hop in self.path[:-1])]
        return [(model._meta.label_lower, f.name) for model, f in zip(entities, self.path, strict=True)]

    @property
    def made_of(self) -> list[tuple[str, str]]:
        """The columns of which the database works this one out, as the policy asks for them: it is as guarded as they are."""
        if not isinstance(self.source, models.GeneratedField):
            return []
        parts = self.source.expression.flatten()
        return [(self.steps[-1][0], part.name) for part in parts if isinstance(part, models.F)]

    @property
    def label(self) -> str:
        if len(self.path) > 1 and self.source.name == "name":
            return capfirst(str(self.path[-2].verbose_name))
        return capfirst(str(self.source.verbose_name))

    @cached_property
    def kind(self) -> str:
        return kind_of(self.source)

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def operators(self) -> tuple[str, ...]:
        known = OPERATORS[self.kind]
        return (known[0], *UNDER, *known[1:]) if is_tree(self.source) else known

    @property
    def relation(self) -> str:
        """The lookup to ``select_related`` so that showing this field costs no query."""
        return "__".join(f.name for f in self.path if f.is_relation)

    @property
    def choices(self) -> list[tuple[Any, str]]:
        """(value, label) of a choice field, without the blank one."""
        return [(value, str(label)) for value, label in self.source.flatchoices if value not in ("", None)]

    def value(self, record: models.Model) -> Any:
        """The Python value on ``record``; None when a link on the way is empty."""
        for field in self.path:
            if record is None:
                return None
            record = getattr(record, field.name)
        return record

    def raw(self, record: models.Model) -> Any:
        """The stored value on ``record``: of a link its id; None when a link on the way is empty."""
        for field in self.path[:-1]:
            if record is None:
                return None
            record = getattr(record, field.name)
        return None if record is None else getattr(record, self.source.attname)

    def put(self, record: models.Model, value: Any) -> None:
        """Set the value on ``record``, which is not saved by it."""
        setattr(record, self.name, value)

    def filled(self, record: models.Model) -> bool:
        """Whether ``record`` holds a value."""
        return self.raw(record) not in (None, "")

    def from_json(self, raw: Any) -> Any:
        """The value that history keeps as ``raw``; ValidationError when it is none any more."""
        return self.source.to_python(raw)

    def check(self, value: Any) -> None:
        """ValidationError where a cleaned value breaks a rule of the field."""
        self.source.run_validators(value)

    def seen_by(self, user: Any) -> Any:
        """The field as ``user`` may read it where that is decided value by value: see ``crm.entities.seen``."""
        return self

    @property
    def stored(self) -> str:
        """What ``values_list`` must fetch so that ``unpack`` finds the value."""
        return self.name

    def unpack(self, fetched: Any) -> Any:
        """The stored value (of a link its id) in what was fetched under ``stored``."""
        return fetched

    def expression(self) -> Any:
        """The value in SQL, to be added up or compared."""
        return F(self.name)

    def total(self) -> Any:
        """The sum over the rows whose value may be known."""
        return Sum(self.name, filter=self.guard)

    def q(self, lookup: str, value: Any) -> Q:
        """The condition ``<value> <lookup> value``; ``lookup`` is one of Django's (exact, in, gte, icontains…)."""
        if self.kind == "sealed":
            return Q(**{f"{self.name}__in": self.source.tokens(value)})
        return Q(**{self.name if lookup == "exact" else f"{self.name}__{lookup}": value})

    def differs(self, lookup: str, value: Any) -> Q:
        """The contrary of ``q``; where there is no value it holds."""
        return ~self.q(lookup, value)

    def empty(self) -> Q:
        """The condition that there is no value."""
        empty = Q(**{f"{self.name}__isnull": True})
        return empty | Q(**{self.name: ""}) if self.kind in _WORDS else empty

    def text(self, record: models.Model) -> str:
        """The value as people read it, in the active language."""
        return self.show(self.value(record))

    def show(self, value: Any) -> str:
        """A value of this field as people read it, in the active language."""
        if value is None or value == "":
            return ""
        if told := getattr(self.source, "told", None):  # a column that says itself what it holds
            return told(value)
        match self.kind:
            case "choice":
                return str(dict(self.source.flatchoices).get(value, value))
            case "boolean":
                return _("Yes") if value else _("No")
            case "datetime":
                return localtime(value).strftime("%Y-%m-%d %H:%M")
            case "date":
                return value.isoformat() if isinstance(value, datetime.date) else date_format(value)
            case "money":
                return f"{Decimal(value):,f}"
            case "number" | "percent":
                return f"{Decimal(value).normalize():,f}"
        return str(value)

    def clean(self, raw: Any) -> Any:
        """A raw value from a query string, a file or JSON as the value compared with the column; ValidationError when it can't be."""
        if isinstance(raw, dict | list):
            raise ValidationError(_("Enter a single value."))
        field = self.source.target_field if self.source.is_relation else self.source
        if isinstance(raw, str) and "\x00" in raw:
            raise ValidationError(_("Null characters are not allowed."))
        if self.kind == "boolean" and raw in ("true", "false"):  # as the condition builder says it
            raw = raw == "true"
        try:
            value = field.to_python(raw)
        except (TypeError, ValueError, OverflowError, ArithmeticError) as error:
            raise ValidationError(_("“%(value)s” is not a value of this field.") % {"value": str(raw)[:50]}) from error
        return bounded(self.kind, value)


def bounded(kind: str, value: Any) -> Any:
    """The value, when it lies where a column can keep it; else ValidationError."""
    if isinstance(value, datetime.datetime | datetime.date) and not 1900 <= value.year <= 2200:
        raise ValidationError(_("The year must lie between 1900 and 2200."))
    if isinstance(value, Decimal | float) and (not Decimal(value).is_finite() or abs(Decimal(value)) >= LIMIT):
        raise ValidationError(_("The number is too large."))
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValidationError(_("The number is too large."))
    return value


def resolve(model: type[models.Model], name: str) -> Field:
    """The field called ``name``; FieldDoesNotExist when there is none."""
    prefix, dot, rest = name.partition(".")
    links, _hop, room = prefix.rpartition("__")
    if dot and room in resolvers:
        return resolvers[room](model, rest, links)
    return _plain(model, name)


@lru_cache(maxsize=4096)
def _plain(model: type[models.Model], name: str) -> Field:
    """Declared fields never change while the program runs: each is walked once."""
    field = Field(model, name)
    assert field.path
    return field


class AnyField(Mapping[str, Field]):
    """Every field of a model by its name, for conditions that an administrator wrote: what is not there any more is missing."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model

    def __getitem__(self, name: str) -> Field:
        try:
            return resolve(self.model, name)
        except (FieldDoesNotExist, LookupError) as error:
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return iter([field.name for field in self.model._meta.concrete_fields])

    def __len__(self) -> int:
        return len(self.model._meta.concrete_fields)


def resolve_all(model: type[models.Model], names: Iterable[str]) -> list[Field]:
    """The fields of all ``names``."""
    return [resolve(model, name) for name in names]
