"""Handing over everything that somebody owns: one job, one change set, undone as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Owned, can_assign
from crm.entities.bound import BoundEntity, bind
from crm.entities.bulk import batches
from crm.entities.entity import registry
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.ownership.kinds import HANDED_OVER
from crm.ownership.services import assign_many
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Record
from crm.users.models import User

JOB = "ownership.handover"


def handed(bound: BoundEntity, person: User, *, open_only: bool = False) -> QuerySet:
    """The records of ``person`` that the bound user may give to somebody else; with ``open_only`` those still worked on."""
    rows = bound.records("assign").filter(owner=person)
    if open_only and bound.entity.workload:
        rows = rows.filter(bound.condition(bound.entity.workload).q(bound.reader()))
    return rows


def portfolio(person: User, by: User, *, open_only: bool = False) -> list[tuple[BoundEntity, int]]:
    """(entity, how many records) of ``person``, as far as ``by`` may give them away; one count an entity."""
    found = []
    for _label, entity in sorted(registry.items()):
        bound = bind(entity, by)
        if isinstance(entity.model.access, Owned) and bound.can("assign"):
            count = handed(bound, person, open_only=open_only).count()
            if count:
                found.append((bound, count))
    return found


def hand_over(
    person: User,
    to: User,
    labels: Sequence[str],
    *,
    actor: Actor,
    by_rules: bool = False,
    open_only: bool = False,
) -> Job:
    """Start the job that gives the records of ``person`` to ``to``; with ``by_rules`` first to whom the rules choose."""
    title = gettext("Hand-over: %(person)s → %(to)s") % {"person": person, "to": to}
    changes = records.change_set("handover", actor=actor, title=title)
    total = sum(count for bound, count in portfolio(person, actor.user, open_only=open_only) if bound.label in labels)
    params = {
        "from": person.pk,
        "to": to.pk,
        "entities": list(labels),
        "by_rules": by_rules,
        "open_only": open_only,
        "changes": changes.pk,
    }
    return start_job(JOB, user=actor.user, params=params, title=title, total=total)


def of_job(job: Job) -> dict[str, Any]:
    """What the page of the job shows when it is done: the way back, and what could not be given away with the reasons."""
    refused = (job.checkpoint or {}).get("refused", {})
    return {"changes": job.params["changes"], "refused": sorted(refused.items())}


@job_kind(JOB, _("Hand-over"), icon="transfer", template="ownership/handover_job.html", context=of_job)
def run_handover(running: Running) -> Mapping[str, Any]:
    """Entity by entity, batch by batch; each batch commits with the checkpoint after it."""
    params, by = running.params, running.job.user
    person, to = User.objects.get(pk=params["from"]), User.objects.get(pk=params["to"])
    changes = ChangeSet.objects.get(pk=params["changes"])
    actor = Actor(by, running.actor.cause, changes)
    for i, label in enumerate(params["entities"]):
        if i < running.checkpoint.get("entity", 0):
            continue
        if not can_assign(by, label, to):
            raise JobError(
                gettext("You may not give %(what)s to %(who)s.") % {"what": registry[label].plural, "who": to}
            )
        after = running.checkpoint.get("after", 0) if i == running.checkpoint.get("entity", 0) else 0
        rows = handed(bind(registry[label], by), person, open_only=params["open_only"])
        for batch in batches(rows, after):
            with running.batch() as step:
                refused = give(batch, to, actor=actor, by_rules=params["by_rules"])
                step.done, step.failed = len(batch), refused.total()
                step.updated = step.done - step.failed
                told = refused + Counter(running.checkpoint.get("refused", {}))
                step.checkpoint = {"entity": i, "after": batch[-1].pk, "refused": dict(told)}
    return {"changes": changes.pk}


def give(batch: Sequence[Record], to: User, *, actor: Actor, by_rules: bool) -> Counter[str]:
    """Give a batch away; where something stands against one record (an approval under way), all others go.

    Returns how often what stood against it.
    """
    try:
        with transaction.atomic():
            _give(batch, to, actor=actor, by_rules=by_rules)
        return Counter()
    except ValidationError as error:
        if len(batch) == 1:
            return Counter({"; ".join(error.messages): 1})
    refused: Counter[str] = Counter()
    for record in type(batch[0])._base_manager.filter(pk__in=[record.pk for record in batch]).order_by("pk"):
        refused += give([record], to, actor=actor, by_rules=by_rules)
    return refused


def _give(batch: Sequence[Record], to: User, *, actor: Actor, by_rules: bool) -> None:
    """To whom the rules choose, the others to ``to``."""
    left = list(batch)
    if by_rules:
        decisions = assign_many(batch, actor=actor)
        left = [record for record, decision in zip(batch, decisions, strict=True) if decision.user is None]
    for record in left:
        record.owner = to
    records.save_many(left, actor=actor, kind=HANDED_OVER)
