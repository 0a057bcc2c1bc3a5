"""The definitions as this process knows them: read once, kept under their version in the database.

The version stands beside that of the policy, so that a request learns of a change without a query of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.db.models import Prefetch

from crm.access.models import PolicyVersion
from crm.customfields.kinds import SEARCH
from crm.customfields.models import TAGS, Cascade, CustomField, CustomOption, Layout, LogicRule
from crm.reference.tags import Tag

# The version that the table begins with: nothing was ever defined.
NEVER = 1
T = TypeVar("T")


class Definitions:
    """Every custom field by entity and code, and what has been made of them since."""

    def __init__(self, version: int, fields: list[CustomField]) -> None:
        self.version = version
        self.by_entity: dict[str, dict[str, CustomField]] = defaultdict(dict)
        for field in fields:
            self.by_entity[field.entity][field.code] = field
        self.made: dict[Any, Any] = {}
        self.layouts: list[Layout] = []
        self.rules: list[LogicRule] = []
        self.cascades: list[Cascade] = []

    def of(self, label: str) -> dict[str, CustomField]:
        """The fields of an entity by code, those out of use too."""
        return self.by_entity.get(label, {})

    def active(self, label: str) -> list[CustomField]:
        """The fields in use, in their order."""
        return [field for field in self.of(label).values() if field.active]


_known: list[Definitions] = []
# How often they were forgotten: what was read before that is not kept.
_forgotten = [0]


def current() -> Definitions:
    """The definitions, read when they are not known yet."""
    for found in _known:
        return found
    # Another thread may forget what is known at any moment: what was read here is answered here.
    began, found = _forgotten[0], _read()
    if _forgotten[0] == began:
        _known[:] = [found]
    return found


def _read() -> Definitions:
    # The version first: what changes meanwhile is read again at the next request.
    version = PolicyVersion.objects.values_list("registry", flat=True).first() or 0
    if version <= NEVER:
        return Definitions(version, [])
    options = Prefetch("options", CustomOption.objects.order_by("position", "id"))
    found = Definitions(version, list(CustomField.objects.filter(purging=False).prefetch_related(options)))
    if tagged := [field for fields in found.by_entity.values() for field in fields.values() if field.kind == TAGS]:
        tags = list(Tag.objects.all())
        for field in tagged:
            field.chosen_from = tags
    found.layouts = list(Layout.objects.filter(current=True, content__isnull=False))
    found.rules = list(LogicRule.objects.filter(active=True))
    found.cascades = list(Cascade.objects.filter(active=True))
    return found


def seen(version: int) -> None:
    """A request learned the present version: forget what is older."""
    if any(known.version != version for known in tuple(_known)):
        _forgotten[0] += 1
        _known[:] = [Definitions(version, [])] if version <= NEVER else []


def renew() -> None:
    """Ask for the present version (one tiny query), where no request has just done so: before what must not be missed."""
    seen(PolicyVersion.objects.values_list("registry", flat=True).first() or 0)


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """What ``make`` found, kept by this process until the version moves: for tables whose changes raise it by trigger."""
    made = current().made
    if key not in made:
        made[key] = make()
    return made[key]


def assume_none() -> None:
    """Nothing is defined until a request or a task says otherwise: for tests, which are collected without a database."""
    _known[:] = [Definitions(0, [])]


def look_again(**kwargs: Any) -> None:
    """Read the definitions when they are asked for next: they may have changed, in this process or before this task."""
    _forgotten[0] += 1
    _known.clear()


def custom_names(label: str, links: str = "") -> tuple[str, ...]:
    """The names of an entity's custom fields in use: ``custom.grade``, or through links ``account__custom.grade``."""
    prefix = f"{links}__custom." if links else "custom."
    known = current()
    key = label, prefix
    if key not in known.made:
        known.made[key] = tuple(prefix + field.code for field in known.active(label))
    return known.made[key]


def custom_links(label: str) -> dict[str, str]:
    """Entity that a link leads to → the name of the first link in use that leads there."""
    known = current()
    key = label, "links"
    if key not in known.made:
        links = [field for field in known.active(label) if field.target]
        known.made[key] = {field.target: f"custom.{field.code}" for field in reversed(links)}
    return known.made[key]


def searched_names(label: str) -> list[tuple[str, str]]:
    """(kind of search, name) of an entity's custom fields that are searched."""
    known = current()
    key = label, "searched"
    if key not in known.made:
        known.made[key] = [
            (field.made_by.search_as, f"custom.{field.code}")
            for field in known.active(label)
            if field.searchable and SEARCH in field.made_by.settings
        ]
    return known.made[key]
