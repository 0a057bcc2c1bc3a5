"""Making, changing and taking away entities of one's own: what the administration and packs call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.access.models import FieldRule, Grant
from crm.customentities import registering
from crm.customentities.models import CustomRecord, EntityDefinition, EntityStage
from crm.customfields.models import Cascade, CustomField, Layout, LogicRule
from crm.customfields.services import forget_field
from crm.customfields.tagging import spread
from crm.entities.entity import registry
from crm.entities.models import ColumnChoice, SavedView
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.purge import purge
from crm.records.services import delete_many
from crm.reference.models import NumberSequence
from crm.reference.tags import Tag

GENERIC = ("view", "add", "change", "delete", "purge", "assign", "share", "export", "import")
# What speaks of an entity by its label and goes with it.
ABOUT = (Cascade, ColumnChoice, FieldRule, Grant, Layout, LogicRule, SavedView)
BATCH = 500


@transaction.atomic
def define_entity(
    code: str,
    name_zh: str,
    *,
    actor: Actor,
    stages: Iterable[Mapping[str, Any]] = (),
    rights_like: str = "",
    **settings: Any,
) -> EntityDefinition:
    """A new entity with its stages; roles get the rights on it that they have on ``rights_like``. ValidationError names what does not fit."""
    definition = EntityDefinition(code=code, name_zh=name_zh, **settings)
    definition.full_clean()
    if (definition.area, code) in {(entity.area, entity.slug) for entity in registry.values()}:
        raise ValidationError({"code": _("The menu has an entity of that address already.")})
    definition.save()
    for position, stage in enumerate(stages, 1):
        EntityStage.objects.create(definition=definition, **{"position": position, **stage})
    keep_rights(definition, rights_like)
    settle(definition, "defined", actor=actor)
    return definition


def keep_rights(definition: EntityDefinition, like: str) -> None:
    """Give each role on the entity what it has on the entity ``like``; cells that are set stay."""
    Grant.objects.bulk_create(
        (
            Grant(role_id=grant.role_id, entity=definition.label, action=grant.action, scope=grant.scope)
            for grant in Grant.objects.filter(entity=like, action__in=GENERIC, scope__gt=0)
        ),
        ignore_conflicts=True,
    )


def settle(definition: EntityDefinition, what: str, *, actor: Actor) -> None:
    """What every change of a definition ends in: its sequence, the audit log, this process's own knowledge."""
    if definition.prefix:
        NumberSequence.objects.update_or_create(
            code=definition.sequence,
            defaults={"name": str(definition), "prefix": definition.prefix, "gap_free": False},
        )
    audit(actor.user, f"entity_{what}", entity=definition.label)
    registering.look_again()
    if Tag.objects.exists():
        spread([definition.label], actor=actor)
    transaction.on_commit(registering.look_again)


@transaction.atomic
def remove_records(definition: EntityDefinition, *, actor: Actor) -> int:
    """Remove every record of the entity for good, through the trash; how many went."""
    count, model = 0, registering.model_of(definition)
    while batch := list(model._base_manager.order_by("pk")[:BATCH]):
        if alive := [record for record in batch if record.deleted_at is None]:
            delete_many(alive, actor=actor)
        count += purge(batch, actor=actor)
    return count


def record_count(definition: EntityDefinition) -> int:
    """How many records there are of it, those in the trash too."""
    return CustomRecord._base_manager.filter(definition=definition).count()


@transaction.atomic
def delete_entity(definition: EntityDefinition, *, actor: Actor) -> None:
    """Take an entity away with its fields, rights and stages. ValidationError while it has records: retire it instead."""
    if count := record_count(definition):
        raise ValidationError(
            _("“%(name)s” has %(count)d records. Take it out of use, or remove them for good first.")
            % {"name": definition, "count": count}
        )
    for field in CustomField.objects.filter(entity=definition.label):
        forget_field(field, actor=actor)
    for model in ABOUT:
        model._default_manager.filter(entity=definition.label).delete()
    NumberSequence.objects.filter(code=definition.sequence).delete()
    label = definition.label
    definition.delete()
    audit(actor.user, "entity_deleted", entity=label)
    registering.look_again()
    transaction.on_commit(registering.look_again)
