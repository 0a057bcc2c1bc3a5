"""Who may undo what, and where one asks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.entities.forms import may_write
from crm.records.models import ChangeSet, Entry
from crm.records.undo import CHANGED, GONE, PROTECTED, SEALED, creates, sealed, trashes, undoable

# How long one may take back what one did oneself, also where the record has left one's reach through it.
OWN_UNDO = timedelta(hours=24)
BATCH = 1000


def undo_url(done: Entry | ChangeSet | None) -> str:
    """Where to POST to undo it; empty when there is nothing to undo."""
    if done is None:
        return ""
    name = "entities:undo_set" if isinstance(done, ChangeSet) else "entities:undo_entry"
    return reverse(name, args=[done.pk])


def done_since(record: Any, start: datetime, user: Any) -> Entry | ChangeSet | None:
    """What ``user`` has just done to ``record``, when it is one thing that can be taken back."""
    log = Entry.objects.filter(entity=record._meta.label_lower, record_id=record.pk, at__gte=start, actor=user)
    found = [entry for entry in log.select_related("change_set") if undoable(entry)]
    sets = {entry.change_set_id: entry.change_set for entry in found if entry.change_set_id}
    if len(sets) == 1 and all(entry.change_set_id for entry in found):
        return next(iter(sets.values()))
    return found[0] if len(found) == 1 and not sets else None


def may_undo_entry(user: Any, entry: Entry) -> bool:
    """Whether ``user`` may put back what one entry did."""
    return not sealed(entry) and (own_and_recent(user, entry) or may_write_all(user, [entry]))


def may_restore(user: Any, entry: Entry, name: str) -> bool:
    """Whether ``user`` may set one field back to what it held before the entry: an edit like any other."""
    if name not in entry.changes or creates(entry) or trashes(entry) or entry.entity not in registry:
        return False
    reach = policy.visible_ids(user, apps.get_model(entry.entity), {entry.record_id}, "change")
    return bool(reach) and may_put_back(bind(registry[entry.entity], user), name)


def may_put_back(bound: BoundEntity, name: str) -> bool:
    """Whether the user may write that field where they may write the record: the same answer as editing in place gives."""
    field = next(iter(bound.visible([name])), None) if name in bound.form_names else None
    return field is not None and may_write(bound, field)


def may_undo_set(user: Any, changes: ChangeSet) -> bool:
    """Whether ``user`` may put back a change set: what they did just now, or records they may all change."""
    if changes.kind in SEALED:
        return False
    if own_and_recent(user, changes):
        return True
    entries = Entry.objects.filter(change_set=changes, at__gte=changes.at).order_by("at", "id")
    batch: list[Entry] = []
    for entry in entries.iterator(chunk_size=BATCH):
        batch.append(entry)
        if len(batch) == BATCH:
            if not may_write_all(user, batch):
                return False
            batch = []
    return may_write_all(user, batch)


def own_and_recent(user: Any, done: Entry | ChangeSet) -> bool:
    """What a person did themself in the last day."""
    return user.is_authenticated and done.actor_id == user.pk and done.at > timezone.now() - OWN_UNDO


def may_write_all(user: Any, entries: Iterable[Entry]) -> bool:
    """Whether the user may write every record of the entries, and every field that would be put back."""
    ids: dict[tuple[str, str], set[int]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        ids[entry.entity, "delete" if creates(entry) or trashes(entry) else "change"].add(entry.record_id)
        names[entry.entity].update(entry.changes)
    if any(label not in registry for label, _action in ids):
        return False
    if not all(_may_write_fields(user, label, fields) for label, fields in names.items()):
        return False
    return all(
        wanted <= policy.visible_ids(user, apps.get_model(label), wanted, action)
        for (label, action), wanted in ids.items()
    )


def _may_write_fields(user: Any, label: str, names: set[str]) -> bool:
    bound = bind(registry[label], user)
    if "owner" in names and not bound.can("assign"):
        return False
    return all(policy.field_mode(user, [(label, name)]) is None for name in names)


def reason_of(user: Any, entry: Entry, why: str) -> str:
    """Why an entry could not be undone, as far as the user may know."""
    if why == GONE:
        return _("It does not exist any more.")
    if why == CHANGED:
        return _("Somebody has changed it since.")
    if why == PROTECTED:
        return _("Other records have come to need it.")
    if why.startswith("*") or entry.entity not in registry:
        return _("Something else has taken its place.")
    bound = bind(registry[entry.entity], user)
    try:
        field = bound.bind_field(bound.field(why))
    except FieldDoesNotExist:
        field = None
    label = field.label if field is not None else _("A field")
    return _("%(field)s was changed again since.") % {"field": label}
