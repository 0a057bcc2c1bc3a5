"""What recycle rules count from. Apps above register what they know: the last deal, the end of a contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, ExpressionWrapper, F, Field, Model, Q
from django.db.models.functions import Coalesce, Greatest
from django.utils.timezone import get_default_timezone
from django.utils.translation import pgettext_lazy

from crm.entities.entity import registry as entities

DATE = "date:"


@dataclass(frozen=True)
class Anchor:
    """``of(model)`` is an expression of the moment over its rows, None where the entity has none. It is never before the
    moment since when the record has its owner: who has just got it is not to blame for what others left undone.

    ``only`` narrows the rows that it can be counted for.
    """

    name: str
    label: Any
    of: Callable[[type[Model]], Any]
    only: Q = Q()


registry: dict[str, Anchor] = {}
HELD = F("held_since")


def anchor(name: str, label: Any, *, only: Q | None = None) -> Callable:
    """Decorator: make ``fn(model)`` something that recycle rules may count from."""

    def add(fn: Callable[[type[Model]], Any]) -> Callable:
        registry[name] = Anchor(name, label, fn, only or Q())
        return fn

    return add


@anchor("held", pgettext_lazy("counted from", "since it has its owner"))
def since_held(model: type[Model]) -> Any:
    return ExpressionWrapper(HELD, output_field=DateTimeField())


@anchor("activity", pgettext_lazy("counted from", "the last follow-up"))
def since_activity(model: type[Model]) -> Any:
    return Greatest(HELD, Coalesce("last_activity_at", "held_since")) if _has(model, "last_activity_at") else None


@anchor(
    "first_contact",
    pgettext_lazy("counted from", "the assignment, as long as nobody was contacted"),
    only=Q(last_activity_at__isnull=True) | Q(last_activity_at__lt=HELD),
)
def since_assigned(model: type[Model]) -> Any:
    return since_held(model) if _has(model, "last_activity_at") else None


def anchors_of(label: str) -> list[Anchor]:
    """What rules of the entity may count from: what is registered, and its dates, those too that admins defined."""
    model = entities[label].model
    known = [one for one in registry.values() if one.of(model) is not None]
    return [*known, *(_of_date(label, name) for name in _dates(label))]


def anchor_of(label: str, name: str) -> Anchor | None:
    """The anchor that a rule names; None when it is not there any more: such a rule recycles nothing."""
    if name.startswith(DATE):
        return _of_date(label, name.removeprefix(DATE)) if name.removeprefix(DATE) in _dates(label) else None
    found = registry.get(name)
    return found if found is not None and found.of(entities[label].model) is not None else None


def moment_of(value: Any) -> datetime:
    """A day counts from its end, in the company's time zone."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value + timedelta(days=1), time.min, get_default_timezone())


def _dates(label: str) -> list[str]:
    entity = entities[label]
    names = [
        n for n in entity.field_names if "__" not in n and n not in {"held_since", "recycle_at", "last_activity_at"}
    ]
    return [name for name in names if entity.field(name).kind in {"date", "datetime"}]


def _of_date(label: str, name: str) -> Anchor:
    field = entities[label].field(name)

    def of(model: type[Model]) -> Any:
        return field.expression() if not field.built_in else F(name)

    return Anchor(DATE + name, field.label, of, ~field.empty())


def _has(model: type[Model], name: str) -> Field | bool:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return False


def later(one: datetime, other: Any) -> datetime:
    """The later of since when it is held and what a date says."""
    return max(one, moment_of(other)) if isinstance(other, date) else one
