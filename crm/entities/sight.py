"""Links to records as one reader may know them: by name only where the policy lets that record be seen, a page at a time.

What lies behind such a link (``account__phone``) is nothing to who may not see the record on the way. See decision 23.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.entity import registry
from crm.fields.field import Field


class Unseen:
    """What stands for a record out of reach; all of them are alike."""

    colour = url = ""

    def __str__(self) -> str:
        return _("A record you may not see")


UNSEEN = Unseen()


class Sight:
    """Which of the linked records a reader may see: asked for once a model and page, kept for the length of a request."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self._known: dict[type[models.Model], dict[int, bool]] = defaultdict(dict)

    def learn(self, model: type[models.Model], pks: Iterable[int]) -> None:
        """Look up records that were not asked for yet; one query."""
        known = self._known[model]
        if unknown := {pk for pk in pks if pk is not None} - known.keys():
            seen = policy.visible_ids(self.user, model, unknown)
            known |= {pk: pk in seen for pk in unknown}

    def sees(self, model: type[models.Model], pk: int) -> bool:
        """Whether the reader may see the record; a query where nobody has asked before."""
        if pk not in self._known[model]:
            self.learn(model, [pk])
        return self._known[model][pk]

    def rows(self, model: type[models.Model]) -> models.QuerySet:
        """The records of a model that the reader may see."""
        return model._base_manager.filter(policy.rows(policy.access_of(self.user), model, "view")).values("pk")

    def guarded(self, field: Any) -> list[int]:
        """At which steps of the field's path there are records that the reader may not see; none costs nothing."""
        if type(field) is not Field:
            return []
        return [number for number, hop in enumerate(field.path) if hop.is_relation and self._limits(hop.related_model)]

    def _limits(self, model: Any) -> bool:
        if policy.entity_label(model) not in registry or not hasattr(model, "access"):
            return False  # people and lists that admins keep: everybody may know their names
        access = policy.access_of(self.user)
        return policy.rows(access, model, "view") != policy.EVERYTHING


class SeenField:
    """A field that walks links, with its reader. It answers like the field, as far as the records on its way may be seen."""

    def __init__(self, field: Field, steps: Sequence[int], sight: Sight) -> None:
        self.field, self.steps, self.sight = field, steps, sight

    def __getattr__(self, name: str) -> Any:
        return getattr(self.field, name)

    def __deepcopy__(self, memo: Any) -> SeenField:
        return self

    @cached_property
    def of_link(self) -> bool:
        """Whether the field itself is a link to such records, not something behind one."""
        return len(self.field.path) - 1 in self.steps

    def within_reach(self) -> Q | None:
        """The rows in which what lies behind links may be asked for; None where nothing does: a link by itself may be."""
        guard: Q | None = None
        for number in self.steps:
            if number + 1 == len(self.field.path):
                continue
            link = "__".join(hop.name for hop in self.field.path[: number + 1])
            here = Q(**{f"{link}__isnull": True}) | Q(**{f"{link}__in": self.sight.rows(self._model(number))})
            guard = here if guard is None else guard & here
        return guard

    def _model(self, number: int) -> type[models.Model]:
        """Where a step of the path leads."""
        model: Any = self.field.path[number].related_model
        return model

    def preload(self, records: Iterable[models.Model]) -> None:
        """Ask about what the records link to: one query a step of the path."""
        rows = list(records)
        for number, hop in enumerate(self.field.path):
            if number in self.steps:
                self.sight.learn(self._model(number), (getattr(row, hop.attname) for row in rows))
            if hop.is_relation and number + 1 < len(self.field.path):
                rows = [found for row in rows if (found := getattr(row, hop.name)) is not None]

    def learn(self, pks: Iterable[int]) -> None:
        """Ask about records that a file is about to name."""
        self.sight.learn(self._model(-1), pks)

    def blocked(self, record: models.Model | None) -> int | None:
        """The first step of the path that leads to a record out of reach."""
        for number, hop in enumerate(self.field.path):
            pk = getattr(record, hop.attname) if record is not None else None
            if pk is None or not hop.is_relation:
                return None
            if number in self.steps and not self.sight.sees(self._model(number), pk):
                return number
            if number + 1 < len(self.field.path):
                record = getattr(record, hop.name)
        return None

    def value(self, record: models.Model) -> Any:
        at = self.blocked(record)
        if at is None:
            return self.field.value(record)
        return UNSEEN if at == len(self.field.path) - 1 else None

    def raw(self, record: models.Model) -> Any:
        """As it is stored: the number of a record out of reach may be kept, what lies behind it may not be known."""
        at = self.blocked(record)
        return None if at is not None and at < len(self.field.path) - 1 else self.field.raw(record)

    def text(self, record: models.Model) -> str:
        return self.show(self.value(record))

    def show(self, value: Any) -> str:
        return str(value) if value is UNSEEN else self.field.show(value)


def seen_field(field: Any, sight: Sight) -> Any:
    """The field with its reader where its links may lead out of their reach, else as it is."""
    steps = sight.guarded(field)
    return SeenField(field, steps, sight) if steps else field
