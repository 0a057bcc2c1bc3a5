"""What other programs sent about a person: the bodies of their deliveries."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.inbound.models import Delivery
from crm.privacy.places import Place, Subject, add_place
from crm.records.actor import Actor


def _about(subject: Subject) -> QuerySet[Delivery]:
    where = Q(pk__in=[])
    for label, pk in subject.keys:
        where |= Q(connection__entity=label, results__contains=[{"id": pk}])
    return Delivery.objects.filter(where)


def _empty(subject: Subject, actor: Actor) -> int:
    """That something came stays; what it said does not, not even of the others in the same delivery."""
    return _about(subject).update(body="", error="", results=[], state=Delivery.State.DONE)


add_place(
    Place(
        "inbound.deliveries",
        _("What other programs sent"),
        lambda subject: _about(subject).count(),
        _empty,
        lambda subject: ({"at": row.at.isoformat(), "body": row.body} for row in _about(subject)),
        order=10,
    )
)
