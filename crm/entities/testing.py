"""Records and addresses of any entity, made from its declaration alone, for tests that hold for every entity."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import models

from crm.access.policy import Open, Owned, Shared, Via
from crm.customfields.models import CustomField, CustomOption
from crm.customfields.services import changed
from crm.customfields.sources import Address
from crm.entities import urls
from crm.entities.entity import Entity, entity_of, registry
from crm.entities.panels import later_names
from crm.entities.views.base import EntityView
from crm.fields.kinds import kind_of
from crm.lib.money import short_money
from crm.records.actor import Actor
from crm.records.models import Record

_numbers = count(1)
DAY = datetime.date(2031, 7, 19)
# A follow-up is called by the beginning of its text: what is told later must not be in its name.
BEGINNING = "Zeile " * 20
# Their services ask for a grant of their own, which those who only stand beside a test do not have.
GRANTED = {"receivables.writeoff"}


Prepare = Callable[[Any], None]
_ready: dict[str, Prepare] = {}


def readies(label: str) -> Callable[[Prepare], Prepare]:
    """Says what a record of the entity needs beside its fields before it can be saved."""

    def keep(prepare: Prepare) -> Prepare:
        _ready[label] = prepare
        return prepare

    return keep


def factory_of(label: str) -> Callable[..., Record]:
    """``factory_of("sales.lead")(owner=li, filled=True, company="…")`` is a saved record with what it requires.

    ``filled`` fills every other field that a person may fill in with something that is found nowhere else.
    """
    entity = registry[label]

    def make(owner: Any, *, filled: bool = False, **values: Any) -> Record:
        record = entity.new(owner, {})
        # Links first: what is made later is of less money, as a part of a whole must be.
        for source in sorted(entity.model._meta.concrete_fields, key=lambda field: not field.is_relation):
            if source.name not in values and _wants(source, record, filled):
                values[source.name] = sample(source, owner)
        if filled:
            values |= {name: sample(entity.field(name).source, owner) for name in entity.custom_names}
        for name, value in values.items():
            entity.field(name).put(record, value) if "." in name else setattr(record, name, value)
        _ready.get(label, lambda _record: None)(record)
        entity.save(record, actor=Actor(None if label in GRANTED else owner, "test"))
        return entity.model._base_manager.get(pk=record.pk)

    return make


def _wants(source: models.Field, record: Record, filled: bool) -> bool:
    if (
        not source.editable
        or source.generated
        or source.primary_key
        or getattr(record, source.attname) not in (None, "")
    ):
        return False
    required = not source.blank and not source.null and not source.has_default()
    names_it = source.name in {"name", "subject", "text"}
    return required or names_it or (filled and kind_of(source) in DISTINCT)


def sample(source: models.Field, owner: Any) -> Any:
    """A valid value for a field; for the kinds of ``DISTINCT`` one that nothing else holds."""
    number = next(_numbers)
    word = f"Q{re.sub(r'[._]', '', source.name)}{number:05}Q"
    match kind_of(source):
        case "record" | "user":
            return linked(source, owner)
        case "phone":
            return f"139{71_000_000 + number}"
        case "email":
            return f"{word}@example.com".lower()
        case "url":
            return f"https://{word}.example.com/".lower()
        case "money":
            return Decimal(7_651_000_00 - number * 1000) / 100
        case "date":
            return DAY + datetime.timedelta(days=number)
        case "datetime":
            return datetime.datetime(2031, 7, 19, 8, tzinfo=datetime.UTC)
        case "longtext":
            return BEGINNING + word
        case "choice":
            return source.flatchoices[-1][0]
        case "multichoice":
            return [source.flatchoices[-1][0]]
        case "address":
            return Address(province=word)
        case "richtext":
            return word
        case "boolean":
            return True
        case "text" if hasattr(source, "told"):  # words of its own: a number is one of them
            return source.to_python(str(7651 + number))
        case "text":
            return word[: source.max_length]
    return 7


DISTINCT = frozenset({"text", "longtext", "richtext", "email", "url", "phone", "money", "date", "address"})


def linked(source: models.Field, owner: Any) -> Any:
    """What a required link points at: a record of the same owner, or a row of a list that admins keep."""
    model = source.related_model
    if model._meta.label_lower in registry:
        return factory_of(model._meta.label_lower)(owner)
    if isinstance(owner, model):
        return owner
    needed = [
        f
        for f in model._meta.concrete_fields
        if not (f.blank or f.null or f.has_default() or f.generated or f.primary_key)
    ]
    return model._default_manager.first() or model._default_manager.create(**{f.name: sample(f, owner) for f in needed})


def needles(record: Record, name: str) -> set[str]:
    """The texts by which the value of a field is known on a page; empty where it can't be told from others."""
    field = entity_of(record).field(name)
    kind, text = kind_of(field.source), field.text(record)
    if (
        not text
        or kind not in DISTINCT
        or (field.source.has_default() and field.raw(record) == field.source.get_default())
    ):
        return set()
    if kind == "phone":
        return {re.sub(r"\D", "", text)[-8:]}
    if kind == "money":
        return {squeezed(text).removesuffix(".00"), short_money(field.value(record), "CNY", "en")}
    return {squeezed(text.removeprefix(BEGINNING).removesuffix("/"))}


def squeezed(text: str) -> str:
    """A text without the blanks, commas and lines that pages group digits with, in one case."""
    return re.sub(r"[\s,]", "", text).lower()


def chain(label: str) -> list[str]:
    """The entity and those above it, through which its records are reached."""
    model, found = registry[label].model, [label]
    while isinstance(model.access, Via):
        model = model._meta.get_field(model.access.parent).related_model
        found.append(model._meta.label_lower)
    return found


@dataclass(frozen=True)
class Page:
    """One generic page at one address."""

    name: str
    view: type[EntityView]
    url: str
    methods: tuple[str, ...]

    def __str__(self) -> str:
        return self.url


def pages(entity: Entity, record: Record | None = None) -> Iterator[Page]:
    """Every generic page of the entity, those about one record only for ``record``."""
    for pattern in urls.urlpatterns:
        view = getattr(pattern.callback, "view_class", None)
        if view is None or not issubclass(view, EntityView):
            continue
        wanted = pattern.pattern.converters
        if "pk" in wanted and record is None:
            continue
        methods = tuple(method for method in ("get", "post") if hasattr(view, method))
        for args in _arguments(entity, pattern.name, wanted, record):
            yield Page(pattern.name, view, entity.url(pattern.name, *args), methods)


def _arguments(entity: Entity, route: str, wanted: Any, record: Record | None) -> Iterator[list[Any]]:
    start: list[Any] = [record.pk] if "pk" in wanted and record is not None else []
    names = [name for name in wanted if name not in {"area", "slug", "pk"}]
    if not names:
        yield start
        return
    for value in _values(entity, route):
        yield [*start, value]


def _values(entity: Entity, route: str) -> list[Any]:
    """What the last part of a route may say."""
    match route:
        case "cell":
            return list(entity.form_names[:2])
        case "link":
            return [name for name in entity.form_names if entity.field(name).source.is_relation]
        case "action":
            return [action.name for action in entity.all_actions]
        case "lane":
            return [lane.value for lane in entity.lanes({}).lanes] if entity.board else []
        case "bulk":
            return ["edit", "assign", "delete", *(f"do-{action.name}" for action in entity.all_actions if action.bulk)]
        case "views":
            return ["new"]
        case "panel":
            return later_names(entity.label)
        case "related":
            return [child.label for child in entity.related()]
    raise LookupError(f"Say in crm.entities.testing._values what may stand in the route {route!r}.")


# What an admin defines on an entity under test, so that whatever holds for fields is shown to hold for these too.
CUSTOM = ("text", "phone", "money", "date", "address", "richtext", "multichoice", "boolean", "link")


def define_customs(label: str, actor: Actor) -> None:
    """One custom field of each of these kinds on the entity, at once: each test that wants them pays for it."""
    fields = [
        CustomField(
            entity=label,
            kind=kind,
            code=f"x_{kind}",
            label_zh=f"自定义{kind}",
            label_en=f"Custom {kind}",
            target="customers.contact" if kind == "link" else "",
            position=position,
        )
        for position, kind in enumerate(CUSTOM, 1)
    ]
    CustomField.objects.bulk_create(fields)
    choice = fields[CUSTOM.index("multichoice")]
    CustomOption.objects.bulk_create(
        CustomOption(field=choice, value=value, label_zh=value, position=position)
        for position, value in enumerate("ab", 1)
    )
    changed(choice, "defined", actor=actor)


def told_apart(label: str) -> bool:
    """Whether the scope of a grant decides who reaches a record: parts of what belongs to the company reach everybody."""
    access, root = registry[label].model.access, registry[chain(label)[-1]].model.access
    return isinstance(access, Owned | Via) and not isinstance(root, Shared | Open)


LABELS = sorted(filter(told_apart, registry))
every_entity = pytest.mark.parametrize("label", LABELS)


def _traits(label: str) -> set[tuple[str, Any]]:
    """What may make its pages answer otherwise than those of another entity."""
    entity = registry[label]
    shown = {"filter": entity.filters, "input": entity.form_names, "column": entity.columns}
    found: set[tuple[str, Any]] = {(of, entity.field(name).kind) for of, names in shown.items() for name in names}
    found |= {("verb", (action.permission, action.makes)) for action in entity.all_actions}
    return found | {
        ("access", tuple(type(registry[one].model.access) for one in chain(label))),
        ("board", bool(entity.board)),
        ("related", bool(entity.related())),
        ("panels", bool(later_names(label))),
        ("imports", entity.importable),
        ("number", bool(getattr(entity.model, "number_sequence", ""))),
    }


def _various() -> list[str]:
    """Few entities that have every trait between them, always the same: what is generic answers for one as for the others."""
    traits = {label: _traits(label) for label in LABELS}
    left, found = set().union(*traits.values()), []
    while left:
        found.append(max(LABELS, key=lambda label: len(traits[label] & left)))
        left -= traits[found[-1]]
    return sorted(found)


# For what is dear to ask and lies in generic code alone; with EVERY_ENTITY=1 it is asked of every entity.
various_entities = pytest.mark.parametrize("label", LABELS if "EVERY_ENTITY" in os.environ else _various())


def state(record: Record) -> dict[str, Any]:
    """The row as it stands in the database."""
    return type(record)._base_manager.filter(pk=record.pk).values().get()


def call(client: Any, method: str, url: str, data: Any = None, **options: Any) -> Any:
    """``client.get(url, data)`` or ``client.post(url, data)``."""
    return getattr(client, method)(url, data or {}, **options)


def text_of(response: Any) -> str:
    """What was answered, also where it flows."""
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def exported(client: Any, label: str, query: str = "") -> list[str]:
    """The lines of the export as CSV, with its headings."""
    response = client.post(registry[label].url("export") + query, {"format": "csv"})
    assert response.status_code == 200
    return text_of(response).splitlines()


def listed(client: Any, label: str, query: str = "") -> set[int]:
    """The ids of the rows that the list shows."""
    response = client.get(registry[label].url("list") + query)
    assert response.status_code == 200
    return {record.pk for record in response.context["page"].records}
