"""What a rule says of one record: does it fire, within the rights of its principal, and why (not)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.fields.conditions import ConditionError
from crm.users.models import User
from crm.workflows.judging import judge, read_condition
from crm.workflows.models import RuleRun

State = RuleRun.State


@dataclass(frozen=True)
class Verdict:
    """The state in which a run begins, and the trace up to there."""

    state: str
    lines: list[dict[str, Any]]

    @property
    def fires(self) -> bool:
        return self.state == State.DUE


class Judges:
    """The principals of some rules on one entity; each is read once."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._bound: dict[int, BoundEntity] = {}
        self._sees: dict[tuple[int, int], bool] = {}
        self._reaches: dict[tuple[int, str], set[int]] = {}

    def bound(self, principal_id: int) -> BoundEntity:
        """The entity as the principal sees it now."""
        if principal_id not in self._bound:
            self._bound[principal_id] = bind(registry[self.label], User.objects.get(pk=principal_id))
        return self._bound[principal_id]

    def judge(self, principal_id: int, condition: Mapping[str, Any], read: Callable[[Iterable[Any]], Any]) -> Verdict:
        """``read(fields)`` gives the record as it is to be judged, with the links that ``fields`` walk."""
        if self.label not in registry:
            return Verdict(State.FAILED, [{"t": "end", "why": "no_entity"}])
        bound = self.bound(principal_id)
        try:
            group = read_condition(bound, condition)
        except ConditionError as error:
            return Verdict(State.REFUSED, [{"t": "hidden", "field": error.field, "said": error.messages[0]}])
        record = read([test.field for test in group.tests()])
        if record is None or record.deleted_at:
            return Verdict(State.SKIPPED, [{"t": "end", "why": "gone"}])
        if not self._may_see(bound, record):
            return Verdict(State.REFUSED, [{"t": "end", "why": "principal"}])
        holds, found = judge(group, record, bound.reader())
        return Verdict(State.DUE if holds else State.SKIPPED, [{"t": "condition", **found}])

    def _may_see(self, bound: BoundEntity, record: Any) -> bool:
        key = bound.user.pk, record.pk
        if key not in self._sees:
            self._sees[key] = bound.user.is_active and policy.can_record(bound.user, record, "view")
        return self._sees[key]

    def may_see_all(self, principal_id: int, ids: Iterable[int]) -> None:
        """Ask for many records at once; ``judge`` then costs no query for them."""
        bound = self.bound(principal_id)
        ids = list(ids)
        seen = bound.reachable(ids, "view") if bound.user.is_active else set()
        self._sees |= {(principal_id, pk): pk in seen for pk in ids}

    def may(self, principal_id: int, pk: int, action: str, ids: Iterable[int]) -> bool:
        """Whether the principal may perform ``action`` on one of ``ids``; one query an action for all of them."""
        key = principal_id, action
        if key not in self._reaches:
            self._reaches[key] = self.bound(principal_id).reachable(ids, action)
        return pk in self._reaches[key]
