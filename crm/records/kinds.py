"""Kinds of entries: how each is named and drawn on a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Kind:
    """``group`` is the timeline filter it falls under; ``template`` draws its body.

    ``label`` is what somebody did, to be read after a name: “won”, “moved %(subject)s to the trash”. Kinds that are
    ``followed`` are told to those who follow the record.
    """

    name: str
    label: Any
    icon: str = "point"
    group: str = "changes"
    template: str = "entities/entry.html"
    followed: bool = False

    def said(self, subject: str = "") -> str:
        """What somebody did, with the record it was done to: “won Pump station”."""
        label = str(self.label)
        return (label if "%(subject)s" in label else f"{label} %(subject)s").replace("%(subject)s", subject).strip()


registry: dict[str, Kind] = {}

# The filters of a timeline, in order: name → label. Rooms above add their own.
groups: dict[str, Any] = {
    "follow-ups": _("Follow-ups"),
    "sales": pgettext_lazy("timeline", "Sales"),
    "changes": _("Changes"),
    "money": pgettext_lazy("timeline", "Money"),
}

# The verbs that every entity has; "<entity>.<verb>" falls back on these.
VERBS = {
    "created": Kind("created", _("created %(subject)s"), "plus"),
    "changed": Kind("changed", _("changed %(subject)s"), "pencil"),
    "deleted": Kind("deleted", _("moved %(subject)s to the trash"), "trash"),
    "restored": Kind("restored", _("restored %(subject)s"), "arrow-back-up"),
    "erased": Kind("erased", _("erased the personal data of %(subject)s"), "eraser"),
    "redacted": Kind("redacted", _("blanked personal data in %(subject)s"), "eraser"),
    "purged": Kind("purged", _("removed %(subject)s for good"), "trash-x"),
}


def kind(
    name: str,
    label: str,
    *,
    icon: str = "point",
    group: str = "changes",
    template: str = "entities/entry.html",
    followed: bool = False,
) -> str:
    """Declare a kind of entry and return its name."""
    registry[name] = Kind(name, label, icon, group, template, followed)
    return name


def kind_of(name: str) -> Kind:
    """The declared kind, or that of its verb."""
    return registry.get(name) or VERBS.get(name.rpartition(".")[2]) or Kind(name, name)
