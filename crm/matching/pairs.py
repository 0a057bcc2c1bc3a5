"""The work list of possible duplicates, as far as a person may know both records, and what they judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.brief import Brief, brief
from crm.entities.entity import registry
from crm.matching.keys import matched_labels
from crm.matching.models import DuplicateCandidate
from crm.matching.scoring import Reason

PAGE = 30
State = DuplicateCandidate.State


@dataclass(frozen=True)
class Line:
    """A pair as it is drawn; ``other`` is None where the reader may not see the second one."""

    pair: DuplicateCandidate
    one: Brief
    other: Brief | None
    reasons: tuple[Reason, ...]
    may_judge: bool
    ids: tuple[int, ...]


def entities_for(user: Any) -> list[BoundEntity]:
    """The entities whose duplicates the person may look at."""
    return [
        bind(registry[label], user)
        for label in matched_labels()
        if label in registry and policy.can(user, label, "view")
    ]


def is_steward(user: Any) -> bool:
    """Whether the person looks after more than their own records: they find the list in the navigation."""
    scopes = (policy.access_of(user).scope(bound.entity.label, "change") for bound in entities_for(user))
    return any(scope > policy.Scope.OWN for scope in scopes)


def open_pairs(bound: BoundEntity, *, state: str = State.OPEN) -> QuerySet[DuplicateCandidate]:
    """The pairs of living records of which the person sees at least one."""
    model, label = bound.model, bound.entity.label
    seen, alive = bound.records(), model._base_manager.filter(deleted_at__isnull=True)
    rows = DuplicateCandidate.objects.filter(entity=label, state=state)
    rows = rows.filter(Exists(alive.filter(pk=OuterRef("first_id"))), Exists(alive.filter(pk=OuterRef("second_id"))))
    return rows.filter(
        Q(Exists(seen.filter(pk=OuterRef("first_id")))) | Q(Exists(seen.filter(pk=OuterRef("second_id"))))
    )


def page_of(
    bound: BoundEntity, *, state: str, least: int, kind: str, after: tuple[int, int] | None
) -> list[DuplicateCandidate]:
    """One page of pairs, the likeliest first, and one more where there are any."""
    rows = open_pairs(bound, state=state).filter(score__gte=least)
    if kind:
        rows = rows.filter(reasons__contains=[[kind]]) if kind != "company" else rows.filter(reasons__0__0="company")
    if after is not None:
        score, pk = after
        rows = rows.filter(Q(score__lt=score) | Q(score=score, pk__lt=pk))
    return list(rows.order_by("-score", "-pk")[: PAGE + 1])


def lines_of(bound: BoundEntity, pairs: Sequence[DuplicateCandidate]) -> list[Line]:
    """The pairs as lines; the one that the reader sees stands first."""
    ids = {pk for pair in pairs for pk in (pair.first_id, pair.second_id)}
    links = {bound.field(name).relation for name in (*bound.subtitle, "owner")} - {""}
    found = {record.pk: record for record in bound.among(ids).select_related(*links)}
    may_change = bound.reachable(ids, "change")
    lines = []
    for pair in pairs:
        both = sorted((pair.first_id, pair.second_id), key=lambda pk: pk not in found)
        if both[0] not in found:
            continue
        seen = [pk for pk in both if pk in found]
        other = brief(found[both[1]], bound.user) if len(seen) == 2 else None
        reasons = tuple(Reason(*reason) for reason in pair.reasons) if other else ()
        one = brief(found[both[0]], bound.user)
        lines.append(Line(pair, one, other, reasons, set(seen) <= may_change and len(seen) == 2, tuple(seen)))
    return lines


@transaction.atomic
def judge(pair: DuplicateCandidate, user: Any, *, distinct: bool) -> None:
    """Say that two records are not the same, or take that back. PermissionDenied to whom may not change both."""
    model = apps.get_model(pair.entity)
    ids = {pair.first_id, pair.second_id}
    if policy.visible_ids(user, model, ids, "change") != ids:
        raise PermissionDenied
    state = State.DISTINCT if distinct else State.OPEN
    DuplicateCandidate.objects.filter(pk=pair.pk, state__in=[State.OPEN, State.DISTINCT]).update(
        state=state, judged_at=timezone.now(), judged_by=user
    )
