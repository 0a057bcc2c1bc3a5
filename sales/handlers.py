"""What follows from writing opportunities, and what leads are compared by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Model, Q, Sum
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from crm.matching.keys import Key, company_key, email_key, match_keys, phone_key, tax_key
from crm.ownership.measures import measure
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on, on_purge, on_write
from crm.records.models import Entry
from sales.models import Lead, Opportunity, StageHistory

IMPORT = "import"
NEW = Lead.Status.NEW
WORKED = frozenset({Lead.Status.CONTACTED, Lead.Status.NURTURING, Lead.Status.QUALIFIED, Lead.Status.CONVERTED})


@match_keys("sales.lead")
def lead_keys(lead: Lead) -> Iterator[Key | None]:
    """Company, numbers, e-mail and tax id."""
    yield company_key(lead.company)
    yield phone_key(lead.mobile)
    yield phone_key(lead.phone)
    yield email_key(lead.email)
    yield tax_key(lead.tax_id)


@on_write
def keep_stage_history(batch: WriteBatch) -> None:
    """Note each move between stages and since when the opportunity stands where it stands.

    Creating one at a stage is no move. What an import says happened has no duration: nobody saw it.
    """
    if batch.model is not Opportunity:
        return
    now, imported = timezone.now(), batch.actor.cause.startswith(IMPORT)
    pairs = list(zip(batch.before, batch.after, strict=True))
    if imported:
        _mark([after for before, after in pairs if before is None], stage_entered_at=None)
    moved = [(b, a) for b, a in pairs if b is not None and b.stage_id != a.stage_id]
    if not moved:
        return
    StageHistory.objects.bulk_create([_move(b, a, now, imported, batch.actor.user) for b, a in moved], batch_size=1000)
    for state in {after.state for _before, after in moved}:
        _mark(
            [a for _b, a in moved if a.state == state], stage_entered_at=now, closed_at=None if state == "open" else now
        )


def _move(before: Opportunity, after: Opportunity, now: datetime, imported: bool, user: Any) -> StageHistory:
    since = before.stage_entered_at
    return StageHistory(
        opportunity=after,
        from_stage_id=before.stage_id,
        to_stage_id=after.stage_id,
        at=now,
        by=user,
        seconds=None if imported or since is None else max(0, int((now - since).total_seconds())),
        amount=after.amount,
    )


def _mark(opportunities: list[Opportunity], **columns: datetime | None) -> None:
    """Set derived columns: they bump no version and write no entry."""
    if not opportunities:
        return
    for opportunity in opportunities:
        for name, value in columns.items():
            setattr(opportunity, name, value)
    Opportunity.objects.filter(pk__in=[o.pk for o in opportunities]).update(**columns)


@on_write
def note_first_contact(batch: WriteBatch) -> None:
    """When a lead leaves “new” to be worked on, it was contacted for the first time."""
    if batch.model is not Lead:
        return
    pairs = zip(batch.before, batch.after, strict=True)
    begun = [after.pk for before, after in pairs if before and before.status == NEW and after.status in WORKED]
    if begun:
        Lead.objects.filter(pk__in=begun, first_contacted_at__isnull=True).update(first_contacted_at=timezone.now())


@on(*(f"activities.followup.{kind}" for kind in ("call", "visit", "meeting", "email")), name="sales.contacted")
def contacted(entry: Entry) -> None:
    """Whoever called, visited, met or wrote to a new lead has contacted it."""
    if entry.entity != Lead.entity_label():
        return
    lead = Lead.objects.alive().filter(pk=entry.record_id, status=NEW).first()
    if lead is not None:
        lead.status = Lead.Status.CONTACTED
        records.save(lead, actor=Actor(entry.actor, "follow-up"))


@measure("won_90_days", _("Amount won in the last 90 days"))
def won_of_90_days(user_ids: Iterable[int], now: datetime) -> dict[int, Decimal]:
    """Person → the sum of the opportunities they won."""
    since = localtime(now).date() - timedelta(days=90)
    won = Opportunity.objects.won().filter(owner__in=list(user_ids), close_date__gte=since, deleted_at__isnull=True)
    return dict(won.values_list("owner").annotate(Sum("amount", default=Decimal(0))))


@measure("win_rate_180_days", _("Share of opportunities won in the last 180 days"))
def win_rate_of_180_days(user_ids: Iterable[int], now: datetime) -> dict[int, Decimal]:
    """Person → won out of those decided, 0 to 1."""
    since = localtime(now).date() - timedelta(days=180)
    closed = Opportunity.objects.filter(
        owner__in=list(user_ids), state__in=["won", "lost"], close_date__gte=since, deleted_at__isnull=True
    )
    counted = closed.values_list("owner").annotate(Count("pk", filter=Q(state="won")), Count("pk"))
    return {owner: Decimal(won) / total for owner, won, total in counted}


@on_purge
def drop_moves(model: type[Model], ids: list[int], actor: Actor) -> None:
    """The moves of an opportunity go with it when it is removed for good."""
    if model is Opportunity:
        StageHistory.objects.filter(opportunity__in=ids).delete()
