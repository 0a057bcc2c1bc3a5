"""Which partners fit: those who work in the region, by level, the least busy first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from crm.reference.models import Region
from sales.partners.models import LeadForward, Partner

MOST = 5


@dataclass(frozen=True)
class Suggestion:
    """A partner, why it fits, and how many forwarded leads it has at present."""

    partner: Partner
    near: bool
    load: int


def suggest_partners(region: Region | None, user: Any, *, most: int = MOST) -> list[Suggestion]:
    """The best ``most`` active partners that ``user`` sees: of the region or what lies around it, then those everywhere,
    then by level, then by how few forwarded leads they have. One query."""
    running = Q(forwards__state__in=LeadForward.RUNNING, forwards__deleted_at__isnull=True)
    rows = Partner.objects.restrict(user).filter(state=Partner.State.ACTIVE)
    rows = rows.select_related("level", "region", "region2").annotate(load=Count("forwards", filter=running))
    return [Suggestion(p, _depth(p, region) > 0, p.load) for p in sorted(rows, key=lambda p: _rank(p, region))[:most]]


def _rank(partner: Partner, region: Region | None) -> tuple:
    rank = partner.level.rank if partner.level else -1
    return -_depth(partner, region), not partner.nationwide, -rank, partner.load, partner.name_key


def _depth(partner: Partner, region: Region | None) -> int:
    """How narrowly the partner's own regions enclose the region: 0 where they do not."""
    if region is None:
        return 0
    own = [place for place in (partner.region, partner.region2) if place is not None]
    return max((len(place.path) for place in own if region.path.startswith(place.path)), default=0)
