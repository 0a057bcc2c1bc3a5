"""What the rows of a file become: records of an entity, or people (registered by ``crm.exchange.importing.people``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, models
from django.http import Http404
from django.utils import translation
from django.utils.translation import gettext as _

from crm.access import policy
from crm.access.snapshot import RELEASE
from crm.customfields.unique import unique_fields
from crm.entities.bound import BoundEntity, bind
from crm.entities.constraints import refusal
from crm.entities.entity import Entity, registry
from crm.exchange import consents
from crm.exchange.importing.rows import Row
from crm.fields.field import Field
from crm.ownership.pools import is_pooled, pools_for
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.services import save_many
from crm.users.models import User

# The field that says into which pool a row goes, and what people call such a column.
POOL = "pool"
POOL_WORDS = ("public pool", "公海", "公海池", "客户公海", "线索池", "所在公海")


@dataclass(frozen=True)
class TargetField:
    """A field that a column may fill; ``synonyms`` are the headings under which it is recognised; ``given``: it fills itself."""

    field: Field
    synonyms: tuple[str, ...]
    given: bool = False

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def label(self) -> str:
        return self.field.label

    @property
    def kind(self) -> str:
        return self.field.kind

    @property
    def link(self) -> type[models.Model] | None:
        """The model that a link leads to."""
        return self.field.source.related_model if self.kind in {"record", "user"} else None

    @property
    def required(self) -> bool:
        """Whether a record must have it and does not get it by itself."""
        source = self.field.source
        return not source.blank and not source.has_default() and not self.given


class RowForm:
    """What ``Entity.clean`` sees of a row: the face of a form."""

    def __init__(self, row: Row) -> None:
        self.row, self.instance, self.cleaned_data = row, row.record, row.values
        self.errors: dict[str, list[str]] = {}

    def add_error(self, field: str | None, message: Any) -> None:
        """Reject the row."""
        texts = getattr(message, "messages", [message])
        self.errors.setdefault(field or "__all__", []).extend(map(str, texts))
        for text in texts:
            self.row.reject(text)

    def has_error(self, field: str) -> bool:
        return field in self.errors


class Target:
    """Records of one entity, as ``user`` may bring them."""

    undoable = True

    def __init__(self, entity: Entity, user: Any) -> None:
        self.entity, self.user = entity, user
        self.bound: BoundEntity = bind(entity, user)
        self.label, self.model = entity.label, entity.model
        self.icon = entity.icon

    @property
    def name(self) -> str:
        return self.entity.name

    @property
    def plural(self) -> str:
        return self.entity.plural

    @property
    def url(self) -> str:
        """The page that lists what came in."""
        return self.entity.url("list")

    def fitting(self, name: str, rows: Any) -> Any:
        """Of the rows that the link ``name`` may name, those that fit the entity."""
        return rows.filter(pk__in=pools_for(self.label)) if name == POOL else self.entity.link_rows(name, rows)

    @property
    def allowed(self) -> bool:
        """Whether the user may import at all."""
        return self.entity.importable and self.bound.can("import") and (self.can_create or self.can_update)

    @cached_property
    def can_create(self) -> bool:
        return self.bound.can("add")

    @cached_property
    def can_update(self) -> bool:
        return self.bound.can("change")

    @cached_property
    def fields(self) -> dict[str, TargetField]:
        """The fields that the user may fill, by name."""
        names = dict.fromkeys([*self.entity.form_names, *self.entity.keys, "owner"])
        shown = [
            f
            for f in self.bound.visible(n for n in names if "." in n or hasattr(self.model, n))
            if f.editable and f.kind != "file"
        ]
        words = {POOL: POOL_WORDS, **self.entity.synonyms}
        shown += self.bound.visible([POOL]) if self.takes_pools else []
        found = {
            f.name: TargetField(f.field, headings_of(f.field, words.get(f.name, ())), given=f.name in {"owner", POOL})
            for f in shown
        }
        return found | {f.name: TargetField(f, headings_of(f, ())[1:]) for f in consents.columns(self.label)}

    @cached_property
    def takes_pools(self) -> bool:
        """Whether rows may say into which pool they go: there are some, and the user may put records there."""
        return is_pooled(self.model) and self.bound.can(RELEASE) and pools_for(self.label).exists()

    @cached_property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Field → the headings that mean it only where the values look like levels."""
        return {name: tuple(words) for name, words in self.entity.levels.items() if name in self.fields}

    @cached_property
    def keys(self) -> list[str]:
        """The fields by which existing records may be found; never one whose values the user may not know."""
        custom = [f.name for f in unique_fields(self.model)] if hasattr(self.model, "custom") else []
        return [name for name in (*self.entity.keys, *custom) if name in self.fields]

    @property
    def compose(self) -> dict[str, Sequence[str]]:
        """Required text → the fields whose cells it is put together from when no column holds it."""
        return getattr(self.entity, "compose", {})

    @cached_property
    def assignable(self) -> set[int]:
        """The people who may become owners; the importer always may."""
        return {
            self.user.pk,
            *User.objects.filter(policy.assignable(self.user, self.label)).values_list("pk", flat=True),
        }

    def new(self) -> models.Model:
        """An unsaved record with its defaults."""
        return self.entity.fresh(self.user, {})

    def put(self, record: Any, name: str, value: Any) -> None:
        """Set a value that a row brings."""
        field = self.fields.get(name)
        field.field.put(record, value) if field else setattr(record, name, value)

    def why(self, error: DatabaseError | ValidationError) -> list[str]:
        """What stands against a row, in words, with the field where one is at fault."""
        told = error if isinstance(error, ValidationError) else refusal(self.model, error)
        if not hasattr(told, "error_dict"):
            return told.messages
        return [
            _("%(field)s: %(reason)s") % {"field": self.fields[name].label, "reason": text}
            if name in self.fields
            else text
            for name, texts in told.message_dict.items()
            for text in texts
        ]

    def existing(self) -> models.QuerySet:
        """Where a key looks for records: everything alive, since keys are unique across owners."""
        links = [
            f.name for f in self.model._meta.fields if f.is_relation and hasattr(f.related_model, "timeline_subjects")
        ]
        return self.model._base_manager.filter(deleted_at__isnull=True).select_related(*links)

    def changeable(self, ids: Iterable[int]) -> set[int]:
        """Those of the records that the user may change."""
        return policy.visible_ids(self.user, self.model, ids, "change")

    @cached_property
    def checks(self) -> list[Callable[[Row], None]]:
        """The rules over several fields that this entity brings."""
        found: list[Callable[[Row], None]] = []
        if type(self.entity).clean is not Entity.clean:
            found.append(lambda row: self.entity.clean(RowForm(row)))
        if self.model.clean is not models.Model.clean:
            found.append(lambda row: row.record.clean())
        return found

    def arrive(self, rows: Sequence[Row]) -> None:
        """What the entity makes of records that come from a file, before they are written."""
        if hook := getattr(self.entity, "arrive", None):
            hook([row.record for row in rows], user=self.user)

    def save(self, records: Sequence[Any], *, actor: Actor, changes: ChangeSet | None) -> set[int]:
        """Write the records; returns the ids of those that differ from before."""
        changed = {entry.record_id for entry in save_many(records, actor=actor, changes=changes)}
        return changed | consents.note_brought(records, actor=actor)


adapters: dict[str, Callable[[Any], Target]] = {}


def target_of(label: str, user: Any) -> Target:
    """What files for ``label`` become; 404 when there is no such thing."""
    if label in adapters:
        return adapters[label](user)
    if label not in registry:
        raise Http404
    return Target(registry[label], user)


def headings_of(field: Field, synonyms: Iterable[str]) -> tuple[str, ...]:
    """Every heading under which a column of ``field`` is recognised: its label in each language, its name, its synonyms."""
    code = field.name.rpartition(".")[2]
    found = [code, code.replace("_", " "), field.name]
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.append(field.label)
    return tuple(dict.fromkeys([*found, *map(str, synonyms)]))
