"""Tags on records: a field of each entity whose options are the tags. Values lie, change and show like those of any field."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from crm.customfields import definitions
from crm.customfields.kinds import CUSTOM_KINDS, SEARCH, custom_kind
from crm.customfields.models import TAGS, CustomField
from crm.customfields.services import define_alike, listeners
from crm.records.actor import Actor
from crm.reference.tags import Tag

custom_kind(replace(CUSTOM_KINDS["multichoice"], name=TAGS, label=_("Tags"), icon="tags", settings=frozenset({SEARCH})))


def tag_field(label: str) -> str:
    """The name of the field that holds the tags of an entity's records; empty while it has none. No query."""
    return next((f"custom.{f.code}" for f in definitions.current().active(label) if f.kind == TAGS), "")


def known_tags() -> list[Tag]:
    """The tags in use, by name; one query, none where some entity has tags."""
    for fields in definitions.current().by_entity.values():
        for field in fields.values():
            if field.kind == TAGS:
                return [tag for tag in field.chosen_from if tag.active]
    return list(Tag.objects.filter(active=True))


def spread(labels: Collection[str], *, actor: Actor) -> None:
    """Give each entity a field for tags that has none yet: from the first tag on every record can have some."""
    there: dict[str, list[CustomField]] = {label: [] for label in labels}
    for field in CustomField.objects.filter(entity__in=labels).only("entity", "code", "kind"):
        there[field.entity].append(field)
    fields = [
        CustomField(
            entity=label, kind=TAGS, code="tags_2" if any(one.code == "tags" for one in others) else "tags",
            label_zh="标签", label_en="Tags", position=len(others) + 1, searchable=True,
        )
        for label, others in sorted(there.items()) if all(one.kind != TAGS for one in others)
    ]  # fmt: skip
    if fields:
        define_alike(fields, actor=actor)


def told(before: Tag, after: Tag, *, actor: Actor) -> None:
    """A tag was called something else: what is worked out from its name (the search) follows."""
    if before.name == after.name:
        return
    for field in CustomField.objects.filter(kind=TAGS, active=True):
        old = CustomField.objects.get(pk=field.pk)
        old.chosen_from = [before if tag.pk == before.pk else tag for tag in field.chosen_from]
        for listener in listeners:
            listener(old, field, actor)
