"""Who may name a new source when they bring a file: those who bring files for everybody."""

from __future__ import annotations

from typing import Any

from crm.access import policy
from crm.access.models import Scope
from crm.exchange.importing.makers import Maker, makers
from crm.records.actor import Actor
from customers.models import Source

BROUGHT = ("sales.lead", "customers.contact", "customers.account")


def may_name_sources(user: Any) -> bool:
    """Whether the user may add to the list of sources: by the right itself, or as somebody who imports for all."""
    if policy.can(user, "customers.source", "add"):
        return True
    access = policy.access_of(user)
    return any(access.scope(label, "import") == Scope.ALL for label in BROUGHT)


def make_sources(names: list[str], user: Any, actor: Actor) -> dict[str, Source]:
    """The sources of those names, made where there are none."""
    return {name: Source.objects.get_or_create(name=name)[0] for name in names}


makers[Source] = Maker(may_name_sources, make_sources)
