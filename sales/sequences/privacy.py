"""Through which sequences a person went: told and emptied with them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.privacy.places import Place, Subject, add_place
from crm.records.actor import Actor
from crm.records.purge import purge
from crm.records.services import delete_many
from sales.sequences.models import Enrolment


def _enrolments(subject: Subject) -> QuerySet[Enrolment]:
    ids = {
        link: [pk for label, pk in subject.keys if label == entity]
        for link, entity in (("lead", "sales.lead"), ("contact", "customers.contact"))
    }
    where = Q(lead__in=ids["lead"]) | Q(contact__in=ids["contact"])
    return Enrolment._base_manager.filter(where).select_related("sequence").order_by("pk")


def _rows(subject: Subject) -> Iterator[dict]:
    for row in _enrolments(subject).prefetch_related("runs"):
        yield {
            "sequence": str(row.sequence),
            "state": row.state,
            "since": row.created_at.isoformat(),
            "steps": [run.at.isoformat() for run in row.runs.all()],
        }


def _erase(subject: Subject, actor: Actor) -> int:
    count = 0
    for row in list(_enrolments(subject)):
        if row.deleted_at is None:
            delete_many([row], actor=actor)
        count += purge([row], actor=actor)
    return count


add_place(Place("sequences.enrolments", _("Sequences"), lambda s: _enrolments(s).count(), _erase, _rows, order=10))
