"""Undoing a change set that is too large for a request: in batches, with progress, and what was left as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.entity import registry
from crm.entities.refs import hidden, refs
from crm.entities.undoing import may_undo_set, reason_of
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import resume_job, start_job
from crm.lib.formulas import neutralise
from crm.records.models import ChangeSet, Entry
from crm.records.undo import Cursor, Undone, batches, finish, inverse_of, undo_batch

KIND = "entities.undo"
# Above this many entries an undo runs as a job.
LIMIT = 1000
# So many of what was left are listed by name; all are counted.
LISTED = 20_000
CHUNK = 1000
WORDS = {"updated": gettext_lazy("put back"), "failed": gettext_lazy("left as it is now")}


def is_large(changes: ChangeSet) -> bool:
    """Whether undoing it takes longer than a person should wait for a page."""
    return Entry.objects.filter(change_set=changes, at__gte=changes.at)[: LIMIT + 1].count() > LIMIT


@transaction.atomic
def start_undo(changes: ChangeSet, user: Any) -> Job:
    """The job that undoes the set: the one there is, taken up again where it stopped, else a new one."""
    ChangeSet.objects.select_for_update().get(pk=changes.pk)
    job = Job.objects.filter(kind=KIND, params__changes=changes.pk, user=user).exclude(state=Job.State.DONE).first()
    if job is not None:
        resume_job(job)
        return job
    entries = Entry.objects.filter(change_set=changes, at__gte=changes.at).count()
    title = _("Undo: %(what)s") % {"what": changes}
    return start_job(
        KIND, user=user, params={"changes": changes.pk, "entity": changes.entity}, title=title, total=entries
    )


def of_job(job: Job) -> dict[str, Any]:
    """What the page of the job shows when it is over."""
    entity = registry.get(job.params["entity"])
    return {"left": job.failed, "back": job.updated, "list_url": entity.url("list") if entity else ""}


@job_kind(
    KIND,
    gettext_lazy("Undo"),
    icon="arrow-back-up",
    template="entities/undo_job.html",
    context=of_job,
    resumable=lambda job: True,
    words=WORDS,
)
def run_undo(running: Running) -> dict[str, Any]:
    """Put back batch by batch, newest first; a batch commits with the place after it, so that nothing is undone twice."""
    changes = ChangeSet.objects.get(pk=running.params["changes"])
    if changes.undone_at and running.checkpoint:
        return {"changes": changes.pk, "inverse": running.checkpoint.get("inverse")}
    if changes.undone_at:
        raise JobError(_("It has been undone already."))
    if not may_undo_set(running.job.user, changes):
        raise JobError(_("You may not undo all of this any more."))
    return put_back(running, changes)


def put_back(running: Running, changes: ChangeSet) -> dict[str, Any]:
    """Undo the set inside of a job, from its checkpoint on; what was left as it is becomes a file that names why."""
    place = running.checkpoint
    after = Cursor.of(place["after"]) if "after" in place else None
    for batch in batches(changes, after):
        with running.batch() as step:
            place, done = running.checkpoint, Undone()
            inverse = inverse_of(changes, place.get("inverse"), actor=running.actor)
            undo_batch(batch, inverse, running.actor, done)
            step.updated, step.failed, step.done = done.records, len(done.conflicts), len(batch)
            kept = place.get("conflicts", [])
            kept = kept + [[entry.pk, why] for entry, why in done.conflicts[: LISTED - len(kept)]]
            step.checkpoint = {"after": str(Cursor.behind(batch)), "inverse": inverse.pk, "conflicts": kept}
    left = running.checkpoint.get("conflicts", [])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "conflicts.csv"
        if left:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows(_listed(running.job.user, left))
        with transaction.atomic():
            finish(changes, actor=running.actor)
            if left:
                running.add_file(path, _("Left as it is") + ".csv", "text/csv", label=_("What had moved on"))
    return {"changes": changes.pk, "inverse": running.checkpoint.get("inverse")}


def _listed(user: Any, left: list[list[Any]]) -> Iterator[list[str]]:
    """What was left and why, as far as the person may know; names are looked up once an entity and chunk."""
    yield [_("What"), _("Record"), _("Why it was left")]
    for start in range(0, len(left), CHUNK):
        chunk = left[start : start + CHUNK]
        entries = Entry.objects.in_bulk([pk for pk, _why in chunk])
        names = refs(user, {(entry.entity, entry.record_id) for entry in entries.values()})
        for pk, why in chunk:
            entry = entries[pk]
            name = names.get((entry.entity, entry.record_id), hidden())
            yield [neutralise(text) for text in (name.entity, str(name), reason_of(user, entry, why))]
