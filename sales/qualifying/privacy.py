"""What was found out of a person by questions about their leads: told and emptied with them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.privacy.places import Place, Subject, add_place
from crm.records.actor import Actor
from sales.qualifying.models import Answer, LeadQualification


def _leads(subject: Subject) -> list[int]:
    return [pk for label, pk in subject.keys if label == "sales.lead"]


def _answers(subject: Subject) -> QuerySet[Answer]:
    return Answer.objects.filter(lead__in=_leads(subject)).select_related("question").order_by("lead", "pk")


def _erase(subject: Subject, actor: Actor) -> int:
    LeadQualification.objects.filter(record__in=_leads(subject)).update(score=0, answered=0)
    return _answers(subject).delete()[0]


add_place(
    Place(
        "qualifying.answers",
        _("Answers to qualification questions"),
        lambda subject: _answers(subject).count(),
        _erase,
        lambda subject: (
            {"at": row.at.isoformat(), "question": row.question.name, "answer": row.value} for row in _answers(subject)
        ),
        order=10,
    )
)
