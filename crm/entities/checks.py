"""A typo in a declaration stops the server from starting instead of breaking one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.core.checks import Error, register
from django.core.exceptions import FieldDoesNotExist

from crm.entities.entity import Entity, registry
from crm.fields.field import resolve


@register()
def entities_name_real_fields(app_configs, **kwargs) -> list[Error]:
    """Every name in every declaration must be a field."""
    return [error for entity in registry.values() for error in _errors(entity)]


@register()
def verbs_have_names_of_their_own(app_configs, **kwargs) -> list[Error]:
    """Of two verbs of one name only one could be reached, under the rights of the other."""
    return [
        Error(f"{entity.label} has two verbs called {name!r}.", id="entities.E002")
        for entity in registry.values()
        for name, count in Counter(action.name for action in entity.all_actions).items()
        if count > 1
    ]


def _errors(entity: Entity) -> Iterator[Error]:
    named = {
        "columns": entity.columns,
        "filters": entity.filters,
        "sortable": [*entity.sortable, *entity.sortable.values()],
        "sums": entity.sums,
        "quick": entity.quick,
        "bulk_edit": entity.bulk_edit,
        "inline": entity.inline,
        "subtitle": entity.subtitle,
        "pills": entity.pills,
        "keys": entity.keys,
        "synonyms": entity.synonyms,
        "board": [entity.board.field] if entity.board else [],
        "shows_on": entity.shows_on.values(),
    }
    named |= {f"sections[{title}]": names for title, names in entity.sections.items()}
    named |= {f"search[{kind}]": names for kind, names in entity.search.items()}
    for option, names in named.items():
        for name in names:
            try:
                resolve(entity.model, name)
            except FieldDoesNotExist:
                yield Error(
                    f"{type(entity).__name__}.{option} names {name!r}, which {entity.label} lacks.", id="entities.E001"
                )
