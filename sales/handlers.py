"""What follows from writing opportunities, and what leads are compared by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Model, Q, Sum
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from crm.matching.holders import stage_of
from crm.matching.keys import Key, company_keys, domain_key, email_key, match_keys, phone_key, tax_key
from crm.matching.merging.links import stays
from crm.ownership.measures import measure
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, computed, on, on_purge, on_write
from crm.records.models import Entry
from customers.models import Account
from sales import (
    people,  # noqa: F401 - they register themselves
    recycling,  # noqa: F401 - registers what rules count from
)
from sales.models import Lead, Opportunity, StageHistory

stays("sales.stagehistory", "opportunity", _("How long each deal lay in its stages stays that deal's own."))

IMPORT = "import"
NEW = Lead.Status.NEW
WORKED = frozenset({Lead.Status.CONTACTED, Lead.Status.NURTURING, Lead.Status.QUALIFIED, Lead.Status.CONVERTED})


def became(lead: Lead) -> Iterator[tuple[str, int | None]]:
    """What a lead was converted to shares its values."""
    yield "customers.account", lead.converted_account_id
    yield "customers.contact", lead.converted_contact_id


@match_keys(
    "sales.lead",
    name="company",
    group="customers",
    kin=became,
    holds=lambda lead: lead.status not in (Lead.Status.CONVERTED, Lead.Status.INVALID),
)
def lead_keys(lead: Lead) -> Iterator[Key | None]:
    """Company, numbers, e-mail, tax id and domain."""
    yield from company_keys(lead.company)
    yield domain_key(lead.website)
    if lead.company:
        yield domain_key(lead.email)
    yield phone_key(lead.mobile)
    yield phone_key(lead.phone)
    yield email_key(lead.email)
    yield tax_key(lead.tax_id)


@stage_of("customers.account")
def stages_of_accounts(accounts: Sequence[Account]) -> dict[int, str]:
    """How far the furthest open opportunity with each account is."""
    found = Opportunity.objects.open().filter(account__in=[a.pk for a in accounts], deleted_at__isnull=True)
    steps = found.order_by("stage__position").values_list("account", "stage__name")
    return {account: str(stage) for account, stage in steps}


@stage_of("sales.lead")
def stages_of_leads(leads: Sequence[Lead]) -> dict[int, str]:
    """The status of each lead."""
    return {lead.pk: str(lead.get_status_display()) for lead in leads}


@computed
def stamp_moves(batch: WriteBatch) -> set[str]:
    """Since when an opportunity that moves stands where it stands, and whether it is closed: written with the move."""
    moved = _moved(batch)
    now = timezone.now()
    for _before, after in moved:
        after.stage_entered_at, after.closed_at = now, None if after.state == Opportunity.State.OPEN else now
    return {"stage_entered_at", "closed_at"} if moved else set()


@on_write
def keep_stage_history(batch: WriteBatch) -> None:
    """Note each move between stages.

    Creating one at a stage is no move. What an import says happened has no duration: nobody saw it.
    """
    imported = batch.actor.cause.startswith(IMPORT)
    if imported and batch.model is Opportunity:
        _forget_since([after for before, after in zip(batch.before, batch.after, strict=True) if before is None])
    if moved := _moved(batch):
        made = [_move(before, after, imported, batch.actor.user) for before, after in moved]
        StageHistory.objects.bulk_create(made, batch_size=1000)


def _moved(batch: WriteBatch) -> list[tuple[Opportunity, Opportunity]]:
    """(before, after) of the opportunities that go from one stage to another."""
    if batch.model is not Opportunity:
        return []
    pairs = zip(batch.before, batch.after, strict=True)
    return [(before, after) for before, after in pairs if before is not None and before.stage_id != after.stage_id]


def _move(before: Opportunity, after: Opportunity, imported: bool, user: Any) -> StageHistory:
    since, now = before.stage_entered_at, after.stage_entered_at
    return StageHistory(
        opportunity=after,
        from_stage_id=before.stage_id,
        to_stage_id=after.stage_id,
        at=now,
        by=user,
        seconds=None if imported or since is None else max(0, int((now - since).total_seconds())),
        amount=after.amount,
    )


def _forget_since(opportunities: list[Opportunity]) -> None:
    """A derived column: it bumps no version and writes no entry."""
    for opportunity in opportunities:
        opportunity.stage_entered_at = None
    Opportunity.objects.filter(pk__in=[o.pk for o in opportunities]).update(stage_entered_at=None)


@on_write
def note_first_contact(batch: WriteBatch) -> None:
    """When a lead leaves “new” to be worked on, it was contacted for the first time; unless that is taken back as a conversion."""
    if batch.model is not Lead:
        return
    pairs = list(zip(batch.before, batch.after, strict=True))
    begun = [after.pk for before, after in pairs if before and before.status == NEW and after.status in WORKED]
    if begun:
        Lead.objects.filter(pk__in=begun, first_contacted_at__isnull=True).update(first_contacted_at=timezone.now())
    for before, after in pairs:
        if before and before.converted_at and after.status == NEW and before.status == Lead.Status.CONVERTED:
            by_it = Lead.objects.filter(pk=after.pk, first_contacted_at__gte=before.converted_at)
            by_it.update(first_contacted_at=None)


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
