"""Forms for tests and demos."""

from __future__ import annotations

from itertools import count
from typing import Any

from crm.entities.entity import entity_of
from crm.records.actor import Actor
from customers.factories import some_user
from marketing.models import WebForm

_numbers = count(1)


def make_web_form(**values: Any) -> WebForm:
    """A saved form with its first fields."""
    values["owner"] = some_user(values.get("owner"))
    form = WebForm(**{"name": f"官网咨询{next(_numbers)}", **values})
    entity_of(form).save(form, actor=Actor(form.owner, "factory"))
    return form
