"""Tags on any record: the verb behind the button, in bulk, and the making of new ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.customfields.sources import SEPARATORS
from crm.customfields.tagging import known_tags, spread, tag_field
from crm.entities.bound import bind
from crm.entities.entity import Action, Entity, contribute_where, entity_of, registry
from crm.lib.text import clean_line
from crm.records.actor import Actor
from crm.records.models import Record
from crm.reference.tags import COLOURS, Tag

# The right to make new tags while tagging records of an entity.
MAKE = "tag"
MOST_TAGS, MOST_AT_ONCE = 500, 20


def taggable(entity: Entity) -> bool:
    """Whether records of the entity can have tags: all that people have rights of their own on."""
    return hasattr(entity.model, "custom") and not policy.follows(entity.label)


def may_make(user: Any, label: str) -> bool:
    """Whether the user may make a new tag while tagging such records."""
    return policy.can(user, label, MAKE)


def named(names: Iterable[str]) -> dict[str, Tag]:
    """Name as it was given → the tag that is there, however it is written."""
    wanted = {name: name.strip().lower() for name in names}
    rows = Tag.objects.annotate(low=Lower("name")).filter(low__in=set(wanted.values())) if wanted else ()
    found = {tag.name.lower(): tag for tag in rows}
    return {name: found[low] for name, low in wanted.items() if low in found}


def make_tags(names: Iterable[str], *, actor: Actor) -> list[Tag]:
    """The tags of those names; those that nobody has yet are made, each in a colour of its own. ValidationError names a bad one."""
    names = list(dict.fromkeys(filter(None, (clean_line(name) for name in names))))
    there = named(names)
    missing = [name for name in names if name not in there]
    count = Tag.objects.count() if missing else 0
    if count + len(missing) > MOST_TAGS:
        raise ValidationError(_("There are %(count)d tags already; choose among them.") % {"count": count})
    for place, name in enumerate(missing, count):
        tag = Tag(name=name, colour=COLOURS[place % len(COLOURS)][0], made_by=actor.user)
        tag.full_clean()
        tag.save()
        there[name] = tag
    if names:
        offer_everywhere(actor=actor)
    return [there[name] for name in names]


def offer_everywhere(*, actor: Actor) -> None:
    """Every entity has the field for tags, once there is a tag."""
    spread([label for label, entity in registry.items() if taggable(entity)], actor=actor)


@transaction.atomic
def tag_record(
    record: Record,
    *,
    actor: Actor,
    tags: Collection[str] | None = None,
    add: Collection[str] = (),
    remove: Collection[str] = (),
    new: str = "",
) -> None:
    """Hang tags on a record and take some off. ``tags``: exactly these; ``new``: names, made where nobody has them.

    Raises PermissionDenied where the actor may not change the field, or may not make new tags.
    """
    entity = entity_of(record)
    names = [name for name in SEPARATORS.split(new) if name.strip()]
    if names and actor.user is not None and len(named(names)) < len(names) and not may_make(actor.user, entity.label):
        raise PermissionDenied(_("You may not make new tags. Choose among those there are."))
    made = [tag.value for tag in make_tags(names, actor=actor)]
    name = tag_field(entity.label)
    if not name:
        return
    if actor.user is not None and not any(field.editable for field in bind(entity, actor.user).visible([name])):
        raise PermissionDenied(_("You may not change the tags here."))
    field = entity.field(name)
    held = list(field.raw(record) or [])
    kept = [value for value in held if value in tags or value not in _offered()] if tags is not None else held
    wanted = [*kept, *(tags or ()), *add, *made]
    field.put(record, [value for value in dict.fromkeys(wanted) if value not in remove] or None)
    entity.save(record, actor=actor)


def _offered() -> set[str]:
    return {tag.value for tag in known_tags()}


class TagForm(forms.Form):
    """Of one record all its tags at once; of many, which to add and which to take off."""

    def __init__(self, data: Any = None, *, user: Any, record: Record, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.user, self.label = user, type(record).entity_label()
        choices = [(tag.value, tag.name) for tag in known_tags()]
        one = record.pk is not None
        if choices and one:
            self._choose("tags", gettext_lazy("Tags"), choices)
            name = tag_field(self.label)
            self.fields["tags"].initial = entity_of(record).field(name).raw(record) if name else None
        elif choices:
            self._choose("add", gettext_lazy("Add"), choices)
            self._choose("remove", gettext_lazy("Take off"), choices)
        if may_make(user, self.label) or not choices:
            self.fields["new"] = forms.CharField(
                label=gettext_lazy("New tags"),
                required=False,
                max_length=300,
                disabled=not may_make(user, self.label),
                help_text=gettext_lazy("Several separated by commas.")
                if may_make(user, self.label)
                else gettext_lazy("There are no tags yet, and you may not make any. Ask your administrator."),
            )

    def _choose(self, name: str, label: Any, choices: list[tuple[str, str]]) -> None:
        self.fields[name] = forms.MultipleChoiceField(
            label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
        )

    def clean_new(self) -> str:
        names = [clean_line(name) for name in SEPARATORS.split(self.cleaned_data["new"]) if name.strip()]
        if len(names) > MOST_AT_ONCE:
            raise ValidationError(_("At most %(count)d at once.") % {"count": MOST_AT_ONCE})
        for name in names:
            Tag._meta.get_field("name").clean(name, None)
        return ",".join(names)


contribute_where(
    taggable, Action("tag", gettext_lazy("Tags"), tag_record, icon="tags", form=TagForm, bulk=True, automatic=False)
)
