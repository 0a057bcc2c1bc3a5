"""Records as JSON, and JSON as what the fields of a form are given."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, BoundField
from crm.entities.forms import EntityForm, entity_form, may_write

Errors = dict[str, list[str]]
PLAIN = (str, int, bool, type(None))


def told(bound: BoundEntity, fields: Iterable[BoundField], record: Model) -> dict[str, Any]:
    """A record: its id, version, title and address, and the ``fields`` as far as the user may read them."""
    return {
        "id": record.pk,
        "version": record.version,
        "title": str(record),
        "url": bound.url("record", record.pk),
        "fields": {field.name: value_of(field, record) for field in fields},
    }


def value_of(field: BoundField, record: Model) -> Any:
    """Numbers with decimals as text, days and moments in ISO 8601, links as ``{"id", "text"}``; masked ones as people see them."""
    if field.masked:
        return field.text(record)
    raw = field.raw(record)
    if field.source.is_relation:
        return None if raw is None else {"id": raw, "text": field.text(record)}
    return _plain(raw)


def _plain(raw: Any) -> Any:
    match raw:
        case Decimal():
            return str(raw)
        case datetime.datetime() | datetime.date() | datetime.time():
            return raw.isoformat()
        case list() | tuple():
            return [_plain(one) for one in raw]
        case dict():
            return {str(key): _plain(one) for key, one in raw.items()}
    return raw if isinstance(raw, PLAIN) else str(raw)


def readable_names(bound: BoundEntity) -> list[str]:
    """The fields of a record itself, in the order of its declaration; not those of what it links to."""
    return [name for name in bound.field_names if "__" not in name]


def unwritable(bound: BoundEntity, given: Iterable[str]) -> Errors:
    """What is wrong with the names of given fields: unknown ones, hidden ones alike, and those that may not be changed."""
    known = {field.name: field for field in bound.visible(bound.form_names)}
    shown = {field.name for field in bound.visible(readable_names(bound))}
    errors: Errors = {}
    for name in given:
        if name not in known and name not in shown:
            errors[name[:100]] = [_("There is no such field.")]
        elif name not in known or not may_write(bound, known[name]):
            errors[name] = [_("This field may not be changed here.")]
        elif known[name].kind == "file":
            errors[name] = [_("Files are added on the record's page.")]
    return errors


def typed_with(blank: Any, given: Mapping[str, Any]) -> QueryDict:
    """What an untouched form holds, with ``given`` typed over it. ValidationError names what no field can hold."""
    data, errors = QueryDict(mutable=True), {}
    names = getattr(blank, "names", blank.fields)
    values = {name: blank[name].value() for name in names} | dict(given)
    for name, value in values.items():
        try:
            _put(data, name, value)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise ValidationError(errors)
    return data


def form_of(bound: BoundEntity, record: Model, given: Mapping[str, Any]) -> EntityForm:
    """The bound form of a record over what was given; a new one over all its fields, with their defaults.

    ValidationError names the fields whose JSON can't be what a field holds.
    """
    adding = record._state.adding
    blank = entity_form(bound, instance=record, names=None if adding else list(given))
    return entity_form(bound, typed_with(blank, given), instance=record, names=None if adding else list(given))


def _put(data: QueryDict, name: str, value: Any) -> None:
    """As a browser would send it."""
    match value:
        case dict() if "id" in value:  # a link as it was read
            _put(data, name, value["id"])
        case list() | tuple():
            data.setlist(name, [_text(one) for one in value])
        case _:
            data[name] = _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict() | list():
            raise ValidationError(_("Enter a single value."))
    text = str(value)
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValidationError(_("This text holds half a character."))
    return text
