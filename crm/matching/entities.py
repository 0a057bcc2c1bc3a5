"""How collisions are listed, shown and settled."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.brief import brief
from crm.entities.entity import Action, Entity, View, register
from crm.entities.panels import panel
from crm.matching.cases.forms import AnswerForm
from crm.matching.cases.models import DECIDE, CollisionCase, Registration
from crm.matching.cases.registering import protect
from crm.matching.cases.services import accept_case, reject_case, subject_of, withdraw_case
from crm.matching.services import warnings_of

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
    columns = ("title", "kind", "told", "state", "due_at", "owner", "created_at")
    filters = ("title", "kind", "state", "due_at", "owner", "created_at")
    sortable = {"created_at": "created_at"}
    search = {"text": ("title",)}
    subtitle = ("kind", "owner")
    pills = ("state",)
    quick = ("title", "kind", "reason")
    sections = {
        _("Request"): ("title", "told", "kind", "reason", "owner"),
        _("Decision"): ("state", "due_at", "answer", "decided_at"),
    }
    verbs = (DECIDE,)
    views = (
        View("running", _("Not settled"), {"all": [RUNNING]}, "-created_at"),
        View("asked", _("Asked by me"), {"all": [{"field": "owner", "op": "me"}]}, "-created_at"),
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


@register
class RegistrationEntity(Entity):
    model = Registration
    area = "customers"
    slug = "registrations"
    icon = "shield-check"
    columns = ("title", "phone", "state", "until", "owner", "created_at")
    filters = ("title", "phone", "email", "tax_id", "state", "until", "owner", "created_at")
    sortable = {"created_at": "created_at"}
    search = {"company": ("title",), "phone": ("phone",), "email": ("email",), "code": ("tax_id",)}
    subtitle = ("until", "owner")
    pills = ("state",)
    quick = ("title", "phone", "email", "tax_id", "plan")
    sections = {_("Who they are"): ("title", "phone", "email", "tax_id", "plan", "state", "until", "owner")}
    views = (View("mine", _("My registrations"), {"all": [{"field": "owner", "op": "me"}]}, "-created_at"),)

    def save(self, record: Registration, *, actor: Any, **options: Any) -> Any:
        protect(record)
        return super().save(record, actor=actor, **options)

    def arrive(self, rows: list[Registration], *, user: Any) -> None:
        """Those that come from a file are protected like others."""
        for registration in rows:
            protect(registration)

    def warnings(self, record: Registration, user: Any) -> list[Any]:
        return warnings_of(record, user)


@panel("matching.collisioncase", slot="side", template="matching/case_subject.html")
def subject_panel(case: CollisionCase, user: Any) -> dict | None:
    """The record that it is about, for those who may see that record."""
    record = subject_of(case)
    if record is None or not type(record).objects.restrict(user).filter(pk=record.pk).exists():
        return None
    return {"twin": brief(record, user)}
