"""Forms for tests and demos."""

from __future__ import annotations

from itertools import count
from typing import Any

from crm.entities.entity import entity_of
from crm.records.actor import Actor
from customers.factories import some_user
from marketing.models import TrackedLink, WebForm

_numbers = count(1)


def make_web_form(**values: Any) -> WebForm:
    """A saved form with its first fields."""
    values["owner"] = some_user(values.get("owner"))
    form = WebForm(**{"name": f"官网咨询{next(_numbers)}", **values})
    entity_of(form).save(form, actor=Actor(form.owner, "factory"))
    return form


def make_tracked_link(**values: Any) -> TrackedLink:
    """A saved link to a page."""
    values["owner"] = some_user(values.get("owner"))
    link = TrackedLink(**{"name": f"展位海报{next(_numbers)}", "url": "https://www.example.com/pumps", **values})
    entity_of(link).save(link, actor=Actor(link.owner, "factory"))
    return link
