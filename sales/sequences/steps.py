"""Writing the steps of a sequence as one page gives them: together, as one set that can be undone."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.messaging.merging import check
from crm.records import services as records
from crm.records.actor import Actor
from sales.sequences.entering import MAIL, steps_of
from sales.sequences.models import Sequence, SequenceStep

FIELDS = ("kind", "wait", "unit", "template", "subject", "body")
MOST = 50


def check_step(values: dict[str, Any]) -> None:
    """ValidationError where a step lacks what it needs, or its merge tags can't be read."""
    if values.get("template") is None:
        if not values.get("subject"):
            raise ValidationError({"subject": _("Say what it is about, or choose a template.")})
        if values.get("kind") == MAIL and not values.get("body"):
            raise ValidationError({"body": _("Write the e-mail, or choose a template.")})
    for name in ("subject", "body"):
        try:
            check(values.get(name) or "")
        except ValidationError as error:
            raise ValidationError({name: error}) from None


@transaction.atomic
def write_steps(sequence: Sequence, rows: list[dict[str, Any]], *, actor: Actor) -> list[SequenceStep]:
    """Let the sequence have exactly these steps, in this order; ``id`` names one that is there."""
    Sequence._base_manager.select_for_update().get(pk=sequence.pk)
    known = {step.pk: step for step in steps_of(sequence)}
    changes = records.change_set("steps", actor=actor, entity=SequenceStep.entity_label(), title=str(sequence))
    kept = []
    for position, row in enumerate(rows):
        step = known.pop(row.get("id"), None) or SequenceStep(sequence=sequence, owner=actor.user)
        step.position = position
        for name in FIELDS:
            setattr(step, name, row[name])
        kept.append(step)
    if known:
        records.delete_many(list(known.values()), actor=actor, changes=changes)
    records.save_many(kept, actor=actor, changes=changes)
    return kept
