"""The names by which the administration speaks of entities, their fields and their verbs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, registry
from crm.fields.field import resolve

# What the generic actions are called; a verb of an entity is named by its own label.
ACTIONS = {
    "view": _("View"),
    "add": _("Add"),
    "change": _("Change"),
    "delete": _("Delete"),
    "purge": _("Remove for good"),
    "assign": _("Assign"),
    "share": _("Share"),
    "export": _("Export"),
    "import": _("Import"),
    "unlock": _("Unlock after approval"),
    "tag": _("Make new tags"),
    "merge": _("Merge, and take merges back"),
    "unmask": _("Show masked values"),
    "privacy": _("Privacy requests and legal holds"),
    "overbill": _("Bill more than was ordered"),
}


def entity_choices() -> list[tuple[str, str]]:
    """(label, name) of every entity."""
    return sorted(((label, entity.plural) for label, entity in registry.items()), key=lambda pair: pair[0])


def field_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields that a rule may name, grouped by entity; the value is "entity:field"."""
    return [(entity.plural, _fields_of(entity)) for _label, entity in sorted(registry.items())]


def _fields_of(entity: Entity) -> list[tuple[str, str]]:
    own = [name for name in entity.field_names if "__" not in name]
    return [(f"{entity.label}:{name}", resolve(entity.model, name).label) for name in own]


def verb_label(entity: Entity, action: str) -> str:
    """What an action is called in the matrix."""
    found = next((a.label for a in entity.all_actions if a.permission == action), None)
    return str(ACTIONS.get(action) or found or action)
