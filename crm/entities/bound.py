"""An entity as one user sees it. Views, templates, exports and the API hold this, never the bare entity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy, pooling
from crm.access.policy import Mode
from crm.entities.entity import Action, Entity, registry
from crm.entities.sight import SeenField, Sight, seen_field
from crm.fields.conditions import Group, Reader, parse
from crm.fields.contributed import contributed_names
from crm.fields.field import Field
from crm.lib.masks import mask_value


class BoundField:
    """A field with the user's mode on it: ``text`` and ``value`` never show more than the mode lets through."""

    def __init__(self, field: Field, mode: str | None, closures: Sequence[tuple[int, frozenset[int]]] = ()) -> None:
        self.field, self.mode, self.closures = field, mode, closures
        self.name, self.kind, self.numeric = field.name, field.kind, field.numeric
        self.masked = mode == Mode.MASKED

    def __getattr__(self, name: str) -> Any:
        return getattr(self.field, name)

    @property
    def editable(self) -> bool:
        return self.mode is None and "__" not in self.field.name and self.field.source.editable

    def closed(self, record: models.Model) -> bool:
        """Whether the value lies in a pool that hides it from the user until it is claimed."""
        return any(_pool_at(record, self.field, step) in pools for step, pools in self.closures)

    def value(self, record: models.Model) -> Any:
        if self.closed(record):
            return None
        return self.text(record) if self.masked else self.field.value(record)

    def raw(self, record: models.Model) -> Any:
        """As it is stored; None where the user may not know it."""
        return None if self.closed(record) else self.field.raw(record)

    def text(self, record: models.Model) -> str:
        return "" if self.closed(record) else self.mask(self.field.text(record))

    @property
    def askable(self) -> Field:
        """The bare field, whose conditions hold only where the user may know its value."""
        guard: Q | None = None
        for step, pools in self.closures:
            there = pooling.outside(pools, "__".join(hop.name for hop in self.field.path[:step]))
            guard = there if guard is None else guard & there
        if isinstance(self.field, SeenField) and (seen := self.field.within_reach()) is not None:
            guard = seen if guard is None else guard & seen
        return self.field.guarded(guard)

    def mask(self, text: str) -> str:
        """A text of this field as far as the mode lets it through."""
        if not self.masked or not text:
            return text
        return mask_value(self.field.kind, text)

    @property
    def cell(self) -> str:
        """The template that draws it."""
        return f"cells/{'text' if self.masked else self.field.kind}.html"


def _pool_at(record: Any, field: Field, step: int) -> int | None:
    """The pool of the record at which the path of ``field`` takes its step."""
    for hop in field.path[:step]:
        record = getattr(record, hop.name) if record is not None else None
    return getattr(record, "pool_id", None)


# Kinds too large to be changed where they stand.
_LARGE = frozenset({"richtext", "file"})


class BoundEntity:
    """What ``user`` may do with the entity, and which rows and fields there are for them."""

    def __init__(self, entity: Entity, user: Any) -> None:
        self.entity, self.user, self.model = entity, user, entity.model
        self._seen: dict[str, BoundField | None] = {}
        self.sight = Sight(user)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.entity, name)

    def can(self, action: str) -> bool:
        return policy.can(self.user, self.entity.label, action)

    def can_record(self, action: str, record: models.Model) -> bool:
        return policy.can_record(self.user, record, action)

    def records(self, action: str = "view") -> models.QuerySet:
        return self.model.objects.restrict(self.user, action)

    def among(self, ids: Collection[int]) -> models.QuerySet:
        """The records with ``ids`` that the user sees: what they hang on is sought only among the entities that it may be."""
        reach = policy.rows_among(policy.access_of(self.user), self.model, "view", ids)
        return self.model.objects.alive().filter(reach, pk__in=ids)

    def reachable(self, ids: Iterable[int], action: str) -> set[int]:
        """Those of ``ids`` on which the user may perform ``action``; one query."""
        return policy.visible_ids(self.user, self.model, ids, action)

    def same_reach(self, action: str, other: str) -> bool:
        """Whether every row that the user reaches with one action they reach with the other; no query."""
        access = policy.access_of(self.user)
        return policy.rows(access, self.model, action) == policy.rows(access, self.model, other)

    def reader(self) -> Reader:
        """For whom and when conditions are read."""
        return Reader(self.user.pk, policy.access_of(self.user).team_ids, timezone.now())

    def bind_field(self, field: Field) -> BoundField | None:
        """The field with the user's mode, or None when it is hidden."""
        mode = policy.field_mode(self.user, [*field.steps, *field.made_of])
        if mode == Mode.HIDDEN:
            return None
        seen = seen_field(field.seen_by(self.user), self.sight)
        return BoundField(seen, mode, pooling.closures(self.user, field.steps))

    def visible(self, names: Iterable[str]) -> list[BoundField]:
        """The named fields that the user may at least see masked."""
        return [field for name in names if (field := self._look(name)) is not None]

    def _look(self, name: str) -> BoundField | None:
        """Looked up once: the lines of a timeline ask for the same ones over and over."""
        if name not in self._seen:
            field = self._present(name)
            self._seen[name] = None if field is None else self.bind_field(field)
        return self._seen[name]

    def _present(self, name: str) -> Field | None:
        """The field, or None for one that an admin has taken away since it was named."""
        try:
            return self.entity.field(name)
        except FieldDoesNotExist:
            if "." in name:
                return None
            raise

    def preload(self, fields: Iterable[BoundField], records: Iterable[models.Model]) -> None:
        """Look up at once what the fields of a page of records need from elsewhere."""
        for field in fields:
            if not field.built_in or isinstance(field.field, SeenField):
                field.field.preload(records)

    def texts(self, records: Sequence[models.Model], names: Iterable[str]) -> dict[int, dict[str, str]]:
        """What the named fields of some records say to the user, by record: for templates that draw lines of their own."""
        fields = self.visible(names)
        self.preload(fields, records)
        return {record.pk: {field.name: field.text(record) for field in fields} for record in records}

    def readable(self, names: Iterable[str]) -> dict[str, Field]:
        """The named fields whose true values the user may know: only these may filter, sort, sum or search.

        Of what lies in a pool some may be unknown: the fields carry it as their ``guard``.
        """
        return {f.name: f.askable for f in self.visible(names) if not f.masked}

    def readable_on(self, record: models.Model, names: Iterable[str]) -> dict[str, Field]:
        """Those of ``readable`` that the user may know of this record."""
        return {f.name: f.field for f in self.visible(names) if not f.masked and not f.closed(record)}

    @cached_property
    def filterable(self) -> dict[str, Field]:
        contributed = contributed_names(self.entity.label, compared=True)
        beside = (*self.entity.custom_names, *contributed, *self.entity.linked_names)
        return self.readable(dict.fromkeys([*self.entity.filters, *self.entity.sortable, *beside]))

    @cached_property
    def sortable(self) -> Mapping[str, str]:
        sortable = dict(self.entity.sortable)
        beside = (*self.entity.custom_names, *self.entity.contributed_names)
        sortable |= {name: name for name in beside if self.entity.field(name).sortable}
        shown = self.readable(sortable)
        return {name: column for name, column in sortable.items() if name in shown}

    @cached_property
    def offered(self) -> list[BoundField]:
        """Every field that the user may choose as a column."""
        return self.visible(dict.fromkeys([*self.entity.columns, *self.entity.field_names, *self.entity.linked_names]))

    @cached_property
    def custom_fields(self) -> list[BoundField]:
        """The fields that admins defined, as far as the user may see them."""
        return self.visible(self.entity.custom_names)

    @property
    def inline(self) -> tuple[str, ...]:
        """What may be changed where it stands."""
        return (*self.entity.inline, *(f.name for f in self.custom_fields if f.editable and f.kind not in _LARGE))

    @property
    def bulk_edit(self) -> tuple[str, ...]:
        """What may be changed on many records at once."""
        custom = (f.name for f in self.custom_fields if f.editable and not f.definition.unique and f.kind != "file")
        return (*self.entity.bulk_edit, *custom)

    @property
    def sums(self) -> tuple[str, ...]:
        """What is added up over a list."""
        summed = (*self.entity.custom_names, *self.entity.contributed_names, *self.entity.linked_names)
        return (*self.entity.sums, *(name for name in summed if self.entity.field(name).summed))

    @property
    def layout(self) -> list[tuple[str, tuple[str, ...]]]:
        """(title, names) of the sections of form and facts; what admins defined stands in one of its own."""
        found = [(str(title), tuple(names)) for title, names in self.entity.sections.items()]
        return [*found, (_("Further details"), custom)] if (custom := self.entity.custom_names) else found

    def condition(self, data: Any) -> Group:
        """Stored condition JSON as this user may read it; ConditionError names what does not fit."""
        return parse(data, self.filterable)

    @cached_property
    def sections(self) -> list[tuple[str, list[BoundField]]]:
        """(title, fields) of the facts, without empty sections."""
        found = [(title, self.visible(names)) for title, names in self.layout]
        return [(title, fields) for title, fields in found if fields]

    def allowed_on(self, record: models.Model, actions: Iterable[str]) -> set[str]:
        """Those of ``actions`` that the user may perform on a record that they see; a query only where the reach differs."""
        possible = {action for action in actions if self.can(action)}
        sure = {action for action in possible if self.same_reach("view", action)}
        return sure | policy.allowed(self.user, record, possible - sure)

    def actions_on(self, record: models.Model) -> list[Action]:
        """The verbs that fit a record that the user sees, and that they may perform on it."""
        fitting = [a for a in self.entity.all_actions if self.can(a.permission) and a.when(record)]
        allowed = self.allowed_on(record, {a.permission for a in fitting})
        return [a for a in fitting if a.permission in allowed and self.may_make(a)]

    def may_make(self, action: Action) -> bool:
        """Whether the user may add what the verb makes, where it makes something."""
        return not action.makes or policy.can(self.user, action.makes, "add")

    def may_do(self, action: Action, record: models.Model) -> bool:
        """Whether the user may perform a verb on this record, whether it fits now or not."""
        return self.may_make(action) and self.can_record(action.permission, record)


def bind(entity: Entity, user: Any) -> BoundEntity:
    """The entity as ``user`` sees it."""
    return BoundEntity(entity, user)


def knows(user: Any, label: str, *names: str) -> bool:
    """Whether the user sees records of the entity, and the true values of these fields."""
    return policy.can(user, label, "view") and len(bind(registry[label], user).readable(names)) == len(names)
