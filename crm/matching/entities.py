"""How collisions are listed, shown and settled."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.brief import brief
from crm.entities.entity import Action, Entity, View, register
from crm.entities.panels import panel
from crm.matching.cases.forms import AnswerForm
from crm.matching.cases.models import DECIDE, CollisionCase
from crm.matching.cases.services import accept_case, reject_case, subject_of, withdraw_case

RUNNING = {"field": "state", "op": "in", "value": ["open", "escalated"]}


def is_running(case: CollisionCase) -> bool:
    return case.is_running


@register
class CollisionEntity(Entity):
    model = CollisionCase
    area = "customers"
    slug = "collisions"
    icon = "shield-lock"
    importable = False
    columns = ("title", "kind", "state", "due_at", "owner", "holder", "arbiter", "created_at")
    filters = ("title", "kind", "state", "due_at", "owner", "holder", "arbiter", "created_at")
    sortable = {"created_at": "created_at"}
    search = {"text": ("title",)}
    subtitle = ("kind", "owner")
    pills = ("state",)
    quick = ("title", "kind", "reason")
    sections = {
        _("Request"): ("title", "kind", "reason", "owner"),
        _("Decision"): ("state", "holder", "arbiter", "due_at", "answer", "decided_by", "decided_at"),
    }
    verbs = (DECIDE,)
    attention = {"all": [RUNNING, {"any": [{"field": "holder", "op": "me"}, {"field": "arbiter", "op": "me"}]}]}
    views = (
        View("waiting", _("Waiting for me"), attention, "-created_at"),
        View("asked", _("Asked by me"), {"all": [{"field": "owner", "op": "me"}]}, "-created_at"),
        View("running", _("Not settled"), {"all": [RUNNING]}, "-created_at"),
    )
    actions = (
        Action(
            "accept",
            _("Accept"),
            accept_case,
            "check",
            AnswerForm,
            DECIDE,
            when=is_running,
            primary=True,
            automatic=False,
        ),
        Action(
            "reject", _("Reject"), reject_case, "x", AnswerForm, DECIDE, when=is_running, danger=True, automatic=False
        ),
        Action("withdraw", _("Withdraw"), withdraw_case, "arrow-back-up", when=is_running, automatic=False),
    )


@panel("matching.collisioncase", slot="side", template="matching/case_subject.html")
def subject_panel(case: CollisionCase, user: Any) -> dict | None:
    """The record that it is about, for those who may see that record."""
    record = subject_of(case)
    if record is None or not type(record).objects.restrict(user).filter(pk=record.pk).exists():
        return None
    return {"twin": brief(record, user)}
