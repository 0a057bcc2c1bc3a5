"""Kinds of values: which operators they know and how a Django field maps to one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

KINDS: tuple[tuple[type[models.Field], str], ...] = (
    (models.ForeignKey, "record"),
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.DecimalField, "number"),
    (models.FloatField, "number"),
    (models.IntegerField, "integer"),
    (models.EmailField, "email"),
    (models.URLField, "url"),
    (models.TextField, "longtext"),
    (models.CharField, "text"),
)

NUMERIC = frozenset({"number", "integer", "money", "percent"})

_ORDERED = ("eq", "gte", "lte", "between", "empty", "filled")
_WORDS = ("contains", "is", "not", "starts", "empty", "filled")
_DAYS = (
    "on",
    "gte",
    "lte",
    "between",
    "today",
    "this_week",
    "this_month",
    "this_quarter",
    "this_year",
    "last_days",
    "next_days",
    "older_days",
    "empty",
    "filled",
)
_ONE_OF = ("in", "not_in", "empty", "filled")

# The operators of each kind, the first one being what ``?field=value`` means.
OPERATORS: dict[str, tuple[str, ...]] = {
    "text": _WORDS,
    "longtext": ("contains", "empty", "filled"),
    "email": _WORDS,
    "url": _WORDS,
    "phone": _WORDS,
    "choice": _ONE_OF,
    "record": _ONE_OF,
    "user": ("in", "me", "my_team", "not_in", "empty", "filled"),
    "boolean": ("is",),
    "number": _ORDERED,
    "integer": _ORDERED,
    "money": _ORDERED,
    "percent": _ORDERED,
    "date": _DAYS,
    "datetime": (*_DAYS, "full_days"),
    "richtext": ("contains", "empty", "filled"),
    "multichoice": ("in", "all", "not_in", "empty", "filled"),
    "address": ("contains", "starts", "empty", "filled"),
    "file": ("filled", "empty"),
    "sealed": ("is", "empty", "filled"),
    "about": (),  # a name without a column: shown, never compared
}

# How many values an operator takes: 0, 1, 2 or "many".
ARITY: dict[str, int | str] = {
    "between": 2,
    "in": "many",
    "all": "many",
    "not_in": "many",
    "under": "many",
    "not_under": "many",
    **dict.fromkeys(
        ("empty", "filled", "me", "my_team", "today", "this_week", "this_month", "this_quarter", "this_year"), 0
    ),
}

LABELS = {
    "contains": _("contains"),
    "is": pgettext_lazy("operator", "is"),
    "not": _("is not"),
    "starts": _("starts with"),
    "empty": _("is empty"),
    "filled": _("is filled"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "under": _("is or lies below"),
    "not_under": _("neither is nor lies below"),
    "all": _("has all of"),
    "me": _("is me"),
    "my_team": _("is in my team"),
    "eq": "=",
    "gte": "≥",
    "lte": "≤",
    "between": _("is between"),
    "on": pgettext_lazy("operator", "on"),
    "today": _("is today"),
    "this_week": _("is this week"),
    "this_month": _("is this month"),
    "this_quarter": _("is this quarter"),
    "this_year": _("is this year"),
    "last_days": _("in the last days"),
    "next_days": _("in the next days"),
    "older_days": _("older than days"),
    "full_days": _("full days ago or more"),
}


def kind_of(field: models.Field) -> str:
    """The kind of a Django field: what it declares, else what its class says."""
    declared = getattr(field, "kind", None)
    if declared:
        return declared
    if isinstance(field, models.GeneratedField) and field.output_field is not None:
        return kind_of(field.output_field)
    if field.choices:
        return "choice"
    if isinstance(field, models.ForeignKey) and field.related_model._meta.label_lower == "users.user":
        return "user"
    return next((kind for cls, kind in KINDS if isinstance(field, cls)), "text")


def arity(operator: str) -> int | str:
    """How many values the operator takes."""
    return ARITY.get(operator, 1)
