"""Two people edited the same record: what each of them has, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import models

from crm.entities.bound import BoundEntity
from crm.entities.forms import EntityForm
from crm.records.diff import value_at
from crm.records.models import Entry


@dataclass(frozen=True)
class Side:
    """One field in both versions. ``both`` is a true conflict: each side changed it, differently."""

    field: forms.BoundField
    label: str
    mine: str
    theirs: str
    base: str
    by: Any
    at: Any
    mine_changed: bool
    theirs_changed: bool

    @property
    def both(self) -> bool:
        return self.mine_changed and self.theirs_changed

    @property
    def keep(self) -> str:
        """The version to start from: the other one where only the other side changed it."""
        return "theirs" if self.theirs_changed and not self.mine_changed else "mine"


def compare(bound: BoundEntity, form: EntityForm, current: models.Model | None) -> dict[str, Any]:
    """The context of the conflict page. ``current`` is the row as it is now, None when it is gone."""
    mine = form.instance
    if current is None or current.deleted_at:
        return {"record": mine, "form": form, "current": None, "sides": [], "last": _last(mine)}
    log = _since(current, current.version - (form.cleaned_data.get("version") or 0))
    sides = [
        side for field in bound.visible(form.names) if (side := _side(form, field, mine, current, log.get(field.name)))
    ]
    return {"record": current, "form": form, "current": current, "sides": sides, "last": _last(current)}


def _side(form: EntityForm, field: Any, mine: Any, current: Any, change: tuple | None) -> Side | None:
    ours, now = value_at(mine, field.name), value_at(current, field.name)
    base = change[0] if change else now
    if ours == now and base == now:
        return None
    return Side(
        field=form[field.name],
        label=field.label,
        mine=field.text(mine),
        theirs=field.text(current),
        base=_text(field, base),
        by=change[1].actor if change else None,
        at=change[1].at if change else None,
        mine_changed=ours != base,
        theirs_changed=now != base,
    )


def _text(field: Any, raw: Any) -> str:
    if raw is None or not field.source.is_relation:
        return field.field.show(field.from_json(raw)) if raw is not None else ""
    if not field.built_in:
        field.learn([raw])
        return str(field.known[raw])
    found = field.source.related_model._base_manager.filter(pk=raw).first()
    return str(found) if found is not None else ""


def _since(current: models.Model, versions: int) -> dict[str, tuple[Any, Entry]]:
    """``{field: (value at the version that was edited, entry of the last change)}`` from the log, newest first."""
    entries = Entry.objects.filter(entity=current._meta.label_lower, record_id=current.pk, at__gte=current.created_at)
    found: dict[str, tuple[Any, Entry]] = {}
    for entry in entries.exclude(changes={}).select_related("actor")[: max(0, min(versions, 200))]:
        for name, (old, _new) in entry.changes.items():
            found[name] = (old, found[name][1] if name in found else entry)
    return found


def _last(record: models.Model) -> Entry | None:
    """The newest entry about the record."""
    entries = Entry.objects.filter(entity=record._meta.label_lower, record_id=record.pk, at__gte=record.created_at)
    return entries.select_related("actor").first()
