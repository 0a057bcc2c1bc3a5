"""Texts with merge tags: Liquid over plain dicts of what the writer may know, with limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from liquid import Environment
from liquid.exceptions import LiquidError

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.records.models import Record

LONGEST = 50_000
own_tags: dict[str, tuple[Any, Callable[[Any], str]]] = {}
"""What rooms above know of whoever writes, by name: a label and a function of the user."""


class Merging(Environment):
    """No files, no Python objects, and an end to everything."""

    context_depth_limit = 10
    loop_iteration_limit = 1000
    local_namespace_limit = 10_000
    output_stream_limit = LONGEST


def as_json(value: Any) -> str:
    """A value as JSON, quotation marks and all."""
    return json.dumps(value, ensure_ascii=False, default=str)


environment = Merging()
environment.filters["json"] = as_json


def check(text: str) -> None:
    """ValidationError with the place where the text is no Liquid."""
    try:
        environment.from_string(text)
    except (LiquidError, RecursionError) as error:
        raise ValidationError(_("The merge tags can't be read: %(why)s") % {"why": str(error)[:300]}) from None


def merge(text: str, values: dict[str, Any]) -> str:
    """The text with its tags filled in. ValidationError when it can't be read or goes beyond the limits."""
    try:
        return environment.from_string(text).render(**values)
    except (LiquidError, RecursionError) as error:
        raise ValidationError(_("The merge tags can't be filled in: %(why)s") % {"why": str(error)[:300]}) from None


def values_for(user: Any, record: Record | None) -> dict[str, Any]:
    """What tags may name: ``record``, ``me``, ``company``, ``today``. Fields whose true value the user may not know are not there."""
    found: dict[str, Any] = {
        "me": {"name": str(user), "email": user.email, "mobile": user.mobile}
        | {name: value(user) for name, (_label, value) in own_tags.items()},
        "company": settings.COMPANY_NAME,
        "today": timezone.localdate().isoformat(),
        "record": {},
    }
    if record is not None:
        bound = bind(registry[record.entity_label()], user)
        names = [name for name in bound.entity.field_names if "__" not in name]
        found["record"] = {name: field.text(record) for name, field in bound.readable_on(record, names).items()}
        found["record"]["title"] = str(record)
    return found


def tags_of(label: str, user: Any) -> list[tuple[str, str]]:
    """(tag, what it stands for) for records of an entity, as far as the user may know their fields."""
    found = [("{{ me.name }}", _("my name")), ("{{ company }}", _("our company")), ("{{ today }}", _("today"))]
    found += [(f"{{{{ me.{name} }}}}", str(label)) for name, (label, _value) in own_tags.items()]
    if label in registry:
        bound = bind(registry[label], user)
        names = [name for name in bound.entity.field_names if "__" not in name]
        found += [(f"{{{{ record.{f.name} }}}}", str(f.label)) for f in bound.readable(names).values()]
    return found


def inserts_for(user: Any) -> list[tuple[str, str]]:
    """(label, text) of what rooms above offer whoever writes to put into a message."""
    found = [(str(label), value(user)) for label, value in own_tags.values()]
    return [(label, text) for label, text in found if text]
