"""What a signer may change at their node, and signing with those changes as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.approvals.models import ApprovalTask
from crm.approvals.seeing import Sight
from crm.entities.forms import EntityForm, entity_form
from crm.records.actor import Actor


def edit_form(seen: Sight, data: Any = None) -> EntityForm | None:
    """The fields that the node leaves open to the signer, within their own rights on the record; None when there are none."""
    if seen.task is None or seen.record is None or seen.bound is None or not seen.sees:
        return None
    names = [
        name for name in seen.instance.version.node(seen.task.node).get("edits") or () if name in seen.bound.form_names
    ]
    if not names or not seen.bound.can_record("change", seen.record):
        return None
    form = entity_form(seen.bound, data, instance=seen.record, names=names)
    return form if form.names else None


def save_edits(form: EntityForm, task: ApprovalTask, *, actor: Actor, then: Callable[[], None]) -> None:
    """Write what the signer changed and sign, both or neither. Raises Conflict when the record has moved on."""
    with transaction.atomic():
        if not form.write(actor=actor):
            raise ValidationError([text for errors in form.errors.values() for text in errors])
        then()
