"""Partners by what came of the leads that they were given: counted over the rows that the reader may see, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Avg, Count, F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.reference.models import ExchangeRate
from sales.models import Opportunity
from sales.partners.models import Partner, PartnerLevel

PERIODS = {"year": _("This year"), "quarter": _("Last 90 days"), "all": _("All time")}
MOST = 100
ANSWERED = Q(state__in=("accepted", "declined", "won", "lost", "expired"))
TAKEN = Q(state__in=("accepted", "won", "lost"))
SORTS = ("forwarded", "rate", "won", "registered")


@dataclass
class Line:
    """What one partner did: ``accepted`` of ``answered``; answering late is answered, too. Money by currency."""

    pk: int
    partner: Partner | None = None
    forwarded: int = 0
    answered: int = 0
    accepted: int = 0
    hours: float | None = None
    registered: int = 0
    approved: int = 0
    deals: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    worth: Decimal = Decimal(0)

    @property
    def rate(self) -> int | None:
        """Accepted out of a hundred answered."""
        return round(100 * self.accepted / self.answered) if self.answered else None

    def link(self, entity: str, since: date | None, *states: str) -> str:
        """The list of the rows that a number counts."""
        where: list[dict[str, Any]] = [{"field": "partner", "op": "in", "value": [str(self.pk)]}]
        if since is not None:
            where.append({"field": "created_at", "op": "gte", "value": since.isoformat()})
        if states:
            where.append({"field": "state", "op": "in", "value": list(states)})
        return f"{registry[entity].url('list')}?{urlencode({'where': json.dumps({'all': where})})}"


class Ranking:
    """The figures for one reader: a period, a level, an order, all from the address; what is not understood is the first."""

    def __init__(self, user: Any, params: Any, today: date) -> None:
        self.user, self.today = user, today
        self.period = params.get("period") if params.get("period") in PERIODS else "year"
        self.sort = params.get("sort") if params.get("sort") in SORTS else "forwarded"
        self.levels = list(PartnerLevel.objects.filter(active=True))
        self.level = next((one for one in self.levels if str(one.pk) == params.get("level")), None)
        self.since = {"year": today.replace(month=1, day=1), "quarter": today - timedelta(days=90)}.get(self.period)

    @cached_property
    def knows_money(self) -> bool:
        """Whether the reader may add up what deals were worth."""
        found = self._bound("sales.opportunity").readable(("amount", "state"))
        return self._sees("sales.opportunity") and len(found) == 2 and found["amount"].guard is None

    @cached_property
    def knows_deals(self) -> bool:
        """Whether the reader may see registrations."""
        return self._sees("partners.dealregistration")

    def _bound(self, label: str) -> BoundEntity:
        return bind(registry[label], self.user)

    def _sees(self, label: str) -> bool:
        return self._bound(label).can("view")

    def _rows(self, label: str, *needed: str) -> Any:
        """Rows in reach since the period began; none where the reader may not know what they are counted by."""
        bound = self._bound(label)
        known = bound.readable(("partner", *needed))
        if not bound.can("view") or len(known) < 1 + len(needed):
            return bound.model.objects.none()
        rows = bound.records()
        if self.level is not None:
            rows = rows.filter(partner__level=self.level)
        return rows

    def _dated(self, rows: Any) -> Any:
        return rows.filter(created_at__date__gte=self.since) if self.since else rows

    @cached_property
    def lines(self) -> list[Line]:
        """The first partners in order, and only those that the reader sees."""
        found: dict[int, Line] = {}
        for row in self._forwards():
            pk = row.pop("partner")
            found[pk] = Line(pk, **row)
        self._add_registrations(found)
        if self.knows_money:
            self._add_won(found)
        partners = self._bound("partners.partner").records().select_related("level", "owner").in_bulk(list(found))
        for pk, line in found.items():
            line.partner = partners.get(pk)
        seen = [line for line in found.values() if line.partner is not None]
        return sorted(seen, key=self._key)[:MOST]

    def _key(self, line: Line) -> tuple:
        name = line.partner.name_key if line.partner else ""
        value = {"rate": line.rate or 0, "won": line.worth, "registered": line.registered}.get(
            self.sort, line.forwarded
        )
        return -value, -line.forwarded, name

    def _forwards(self) -> Iterable[dict[str, Any]]:
        rows = self._dated(self._rows("partners.leadforward", "state"))
        counts = rows.order_by().values("partner").annotate(
            forwarded=Count("pk"),
            answered=Count("pk", filter=ANSWERED),
            accepted=Count("pk", filter=TAKEN),
            hours=Avg(F("answered_at") - F("created_at"), filter=Q(answered_at__isnull=False)),
        )  # fmt: skip
        for row in counts:
            yield row | {"hours": row["hours"].total_seconds() / 3600 if row["hours"] is not None else None}

    def _add_registrations(self, found: dict[int, Line]) -> None:
        rows = self._dated(self._rows("partners.dealregistration", "state")).order_by().values("partner")
        good = Q(state__in=("approved", "won", "expired"))
        for row in rows.annotate(many=Count("pk"), good=Count("pk", filter=good)):
            line = found.setdefault(row["partner"], Line(row["partner"]))
            line.registered, line.approved = row["many"], row["good"]

    def _add_won(self, found: dict[int, Line]) -> None:
        """Opportunities won that came by a partner, however: once for each partner that had a part in it."""
        won = self._bound("sales.opportunity").records().filter(state=Opportunity.State.WON)
        won = won.filter(close_date__gte=self.since) if self.since else won
        pairs: set[tuple[int, int]] = set()
        by = Coalesce("opportunity", "lead__converted_opportunity")
        taken = self._rows("partners.leadforward", "opportunity", "state").filter(TAKEN)
        pairs |= set(
            taken.annotate(deal=by).filter(deal__in=won.values("pk")).values_list("partner", "deal").order_by()
        )
        for label in ("partners.dealregistration", "partners.coopopportunity"):
            rows = self._rows(label, "opportunity").filter(opportunity__in=won.values("pk"))
            pairs |= set(rows.values_list("partner", "opportunity").order_by())
        worth = {
            pk: (amount, currency)
            for pk, amount, currency in won.filter(pk__in={deal for _p, deal in pairs}).values_list(
                "pk", "amount", "currency"
            )
        }
        rates = {currency: ExchangeRate.objects.rate_of(currency, self.today) for _a, currency in worth.values()}
        for partner, deal in pairs:
            line, (amount, currency) = found.setdefault(partner, Line(partner)), worth[deal]
            line.deals += 1
            if amount is not None:
                line.sums[currency] = line.sums.get(currency, Decimal(0)) + amount
                line.worth += amount * (rates[currency] or 0)
