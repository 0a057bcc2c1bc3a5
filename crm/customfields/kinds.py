"""The kinds of custom fields: how a value is stored, read, compared and asked for.

``CUSTOM_KINDS`` is open: other rooms add kinds of their own (formulas, roll-ups) with ``custom_kind``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from crm.customfields import expressions, stored
from crm.customfields.sources import (
    LONGEST_TEXT,
    SEPARATORS,
    AddressSource,
    ChoiceSource,
    FileSource,
    MultiChoiceSource,
    RichTextSource,
    SealedSource,
    stamp,
)
from crm.fields.columns import MoneyField, PercentField, PhoneField

Source = Callable[[Any, dict[str, Any]], models.Field]
Sql = Callable[[str, Any], Any]
# The settings that a kind may have; the others are not asked for.
BOUNDS, DECIMALS, LENGTH, PATTERN, UNIQUE, OPTIONS, TARGET, SEARCH, SORT, DEFAULT = (
    "bounds",
    "decimals",
    "length",
    "pattern",
    "unique",
    "options",
    "target",
    "search",
    "sort",
    "default",
)


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class CustomKind:
    """``source(definition, common)`` makes the Django field; ``load`` reads what is stored (None where it is none), ``dump``
    says what to store, ``needle`` what a compared value is in SQL; ``sql(links, definition)`` is the value in SQL.

    ``computed`` kinds are never written by people: ``shape(definition)`` is the kind made like that of their result,
    ``judge(definition)`` checks and completes their settings. ``lowest`` stands for “nothing” where rows are sorted.
    """

    name: str
    label: Any
    icon: str
    source: Source
    sql: Sql
    load: Callable[[Any], Any] = _same
    dump: Callable[[Any], Any] = _same
    needle: Callable[[Any], Any] = _same
    settings: frozenset[str] = frozenset()
    lowest: Any = ""
    search_as: str = "text"
    computed: bool = False
    shape: Callable[[Any], CustomKind] | None = None
    judge: Callable[[Any], None] | None = None


CUSTOM_KINDS: dict[str, CustomKind] = {}


def custom_kind(kind: CustomKind) -> CustomKind:
    """Add a kind."""
    CUSTOM_KINDS[kind.name] = kind
    return kind


def common(definition: Any) -> dict[str, Any]:
    """What every source has: labels in the reader's language, rules, default."""
    said = lazy(lambda name: definition.said(name), str)
    found: dict[str, Any] = {
        "verbose_name": said("label"),
        "help_text": said("help"),
        "null": True,
        "blank": not definition.required,
        "validators": validators(definition),
    }
    return found


def validators(definition: Any) -> list[Callable[[Any], None]]:
    """Bounds and pattern."""
    kind, found = CUSTOM_KINDS[definition.kind], []
    if BOUNDS in kind.settings:
        low, high = (read_bound(definition.kind, text) for text in (definition.minimum, definition.maximum))
        found += [MinValueValidator(low)] if low is not None else []
        found += [MaxValueValidator(high)] if high is not None else []
    if PATTERN in kind.settings and definition.pattern:
        message = lazy(lambda: definition.pattern_message or _("It does not have the form that is asked for."), str)()
        found.append(RegexValidator(rf"\A(?:{definition.pattern})\Z", message))
    return found


def read_bound(kind: str, text: str) -> Any:
    """A bound as a value; ValidationError when it is none."""
    if not text:
        return None
    if kind == "date":
        return models.DateField().to_python(text)
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError(_("Enter a number.")) from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** 16:
        raise ValidationError(_("The number is too large."))
    return int(number) if kind == "integer" else number


def _day_text(value: Any) -> str:
    return value.isoformat()


def _options(definition: Any) -> dict[str, Any]:
    offered = [(o.value, lazy(lambda o=o: o.label, str)()) for o in definition.chosen_from if o.active]
    every = [(o.value, lazy(lambda o=o: o.label, str)()) for o in definition.chosen_from]
    colours = {o.value: o.colour for o in definition.chosen_from if o.colour}
    return {"offered": offered, "every": every, "colours": colours}


def _choice(definition: Any, given: dict[str, Any]) -> models.Field:
    found = _options(definition)
    return ChoiceSource(
        choices=found["offered"], every=found["every"], colours=found["colours"], max_length=60, **given
    )


def _decimal(definition: Any, given: dict[str, Any]) -> models.Field:
    return models.DecimalField(max_digits=16 + places(definition), decimal_places=places(definition), **given)


def places(definition: Any) -> int:
    """How many decimals the numbers of the field have."""
    fixed = {"integer": 0, "money": 2}.get(definition.value_kind)
    if fixed is not None:
        return fixed
    return 2 if definition.decimals is None else min(definition.decimals, 8)


def target_model(definition: Any) -> type[models.Model]:
    """The model that a link leads to."""
    return apps.get_model(settings.AUTH_USER_MODEL if definition.kind == "user" else definition.target)


def _link(definition: Any, given: dict[str, Any]) -> models.Field:
    return models.ForeignKey(
        target_model(definition), models.DO_NOTHING, db_constraint=False, related_name="+", **given
    )


def _number_sql(links: str, definition: Any) -> Any:
    return expressions.number(links, definition.code, places(definition))


def _text_sql(links: str, definition: Any) -> Any:
    return expressions.text(links, definition.code)


def _add(name: str, label: Any, icon: str, source: Source, *has: str, sql: Sql = _text_sql, **options: Any) -> None:
    custom_kind(CustomKind(name, label, icon, source, sql, settings=frozenset(has), **options))


WORDS = (LENGTH, PATTERN, UNIQUE, SEARCH, SORT, DEFAULT)
NUMBERS: dict[str, Any] = {
    "load": stored.number_of,
    "dump": lambda value: f"{value:f}",
    "sql": _number_sql,
    "lowest": Decimal(-(10**20)),
}


def _line(most: int) -> Source:
    return lambda d, given: models.CharField(max_length=min(d.max_length or most, most), **given)


_add("text", _("Text"), "letter-case", _line(500), *WORDS, load=stored.text_of)
_add(
    "longtext",
    _("Long text"),
    "align-left",
    lambda d, given: models.TextField(max_length=min(d.max_length or LONGEST_TEXT, LONGEST_TEXT), **given),
    LENGTH,
    SEARCH,
    DEFAULT,
    load=stored.text_of,
)
_add(
    "richtext",
    _("Rich text"),
    "text-caption",
    lambda d, given: RichTextSource(max_length=LONGEST_TEXT, **given),
    SEARCH,
    load=stored.text_of,
)
_add("number", _("Number"), "decimal", _decimal, BOUNDS, DECIMALS, UNIQUE, SORT, DEFAULT, **NUMBERS)
_add(
    "integer",
    _("Whole number"),
    "number",
    lambda d, given: models.BigIntegerField(**given),
    BOUNDS,
    UNIQUE,
    SORT,
    DEFAULT,
    **NUMBERS | {"load": stored.integer_of, "dump": int},
)
_add("money", _("Money"), "coin-yuan", lambda d, given: MoneyField(**given), BOUNDS, SORT, DEFAULT, **NUMBERS)
_add(
    "percent",
    _("Percent"),
    "percentage",
    lambda d, given: PercentField(max_digits=16, decimal_places=places(d), **given),
    BOUNDS,
    DECIMALS,
    SORT,
    DEFAULT,
    **NUMBERS,
)
_add(
    "date",
    _("Date"),
    "calendar",
    lambda d, given: models.DateField(**given),
    BOUNDS,
    SORT,
    DEFAULT,
    load=stored.day_of,
    dump=_day_text,
    needle=_day_text,
)
_add(
    "datetime",
    _("Date and time"),
    "calendar-time",
    lambda d, given: models.DateTimeField(**given),
    SORT,
    load=stored.moment_of,
    dump=stamp,
    needle=stamp,
)
_add(
    "sealed",
    _("Encrypted text"),
    "lock",
    lambda d, given: SealedSource(max_length=min(d.max_length or 500, 500), **given),
    LENGTH,
    PATTERN,
    load=stored.unsealed,
    dump=stored.sealed,
)
_add("choice", _("Choice"), "list", _choice, OPTIONS, SEARCH, SORT, DEFAULT, load=stored.text_of)
_add(
    "multichoice",
    _("Several choices"),
    "list-check",
    lambda d, given: MultiChoiceSource(**_options(d), **given),
    OPTIONS,
    SEARCH,
    DEFAULT,
    load=stored.list_of,
    dump=list,
)
_add(
    "boolean",
    _("Yes or no"),
    "checkbox",
    lambda d, given: models.BooleanField(**given | {"null": False}),
    DEFAULT,
    load=lambda value: value is True,
    dump=bool,
    needle=lambda value: "true" if value else "false",
    sql=lambda links, d: expressions.truth(links, d.code),
)
_add(
    "url",
    _("Web address"),
    "link",
    lambda d, given: models.URLField(max_length=500, **given),
    PATTERN,
    UNIQUE,
    SEARCH,
    DEFAULT,
    load=stored.text_of,
)
_add(
    "email",
    _("E-mail"),
    "mail",
    lambda d, given: models.EmailField(**given),
    UNIQUE,
    SEARCH,
    SORT,
    load=stored.text_of,
    search_as="email",
)
_add(
    "phone",
    _("Phone"),
    "phone",
    lambda d, given: PhoneField(**given),
    UNIQUE,
    SEARCH,
    load=stored.text_of,
    search_as="phone",
)
_add(
    "address",
    _("Address"),
    "map-pin",
    lambda d, given: AddressSource(**given),
    SEARCH,
    load=stored.address_of,
    dump=lambda value: value.parts,
    sql=lambda links, d: expressions.address(links, d.code),
)
_add(
    "link",
    _("Link to a record"),
    "link-plus",
    _link,
    TARGET,
    load=stored.integer_of,
    dump=stored.pk,
    needle=lambda value: str(stored.pk(value)),
)
_add(
    "user",
    _("Colleague"),
    "user",
    _link,
    load=stored.integer_of,
    dump=stored.pk,
    needle=lambda value: str(stored.pk(value)),
)

_add(
    "file",
    _("File"),
    "paperclip",
    lambda d, given: FileSource(
        apps.get_model("files.storedfile"), models.DO_NOTHING, db_constraint=False, related_name="+", **given
    ),
    load=stored.integer_of,
    dump=stored.pk,
    needle=lambda value: str(stored.pk(value)),
)


def read_default(definition: Any, source: models.Field) -> Any:
    """The default as a value of ``source``; None when there is none. ValidationError when it does not fit."""
    text = definition.default.strip()
    if not text or DEFAULT not in CUSTOM_KINDS[definition.kind].settings:
        return None
    if definition.kind == "boolean":
        return text.lower() in {"1", "true", "yes", "on", "是"}
    if definition.kind == "multichoice":
        return source.to_python([part for part in SEPARATORS.split(text) if part])
    value = source.to_python(text)
    source.run_validators(value)
    if definition.kind == "choice" and value not in dict(source.flatchoices):
        raise ValidationError(_("The default is none of the options."))
    return value
