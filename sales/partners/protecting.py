"""The protection of a registered deal: a registration like those of colleagues, so that one check stands at every door.

``crm/matching/cases/registering`` heeds it; here is only when there is one, and what partners hear of it.
"""

from __future__ import annotations

from datetime import datetime, time

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.matching.cases.models import Registration
from crm.matching.cases.registering import holders_of
from crm.matching.keys import WEAK, keys_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_write, on_written
from sales.partners.models import DealRegistration

State = DealRegistration.State
log = structlog.get_logger(__name__)


def protects(deal: DealRegistration) -> bool:
    """Whether the deal keeps its end customer from everybody else."""
    return deal.state == State.APPROVED and deal.deleted_at is None


def refuse_protected(deal: DealRegistration) -> None:
    """ValidationError when the end customer of a new deal is registered for somebody else: until when, and nothing of whose."""
    for found in holders_of(_filled(Registration(owner=deal.owner), deal)):
        if found.owner_id != deal.owner_id or found.deals.exclude(pk=deal.pk).exists():
            raise ValidationError(
                _("Registered already, until %(day)s.") % {"day": f"{timezone.localtime(found.until):%Y-%m-%d}"}
            )


@on_written
def keep_protection(batch: WriteBatch) -> None:
    """The protection begins, moves and ends with its deal, whatever brought that about."""
    if batch.model is not DealRegistration:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if protects(after):
            _hold(after, batch.actor)
        elif before is not None and protects(before):
            _let_go(after, batch.actor)


@before_write
def keep_what_protects(batch: WriteBatch) -> None:
    """Nobody throws away what protects a partner's deal; withdrawing the deal ends it."""
    if batch.model is not Registration:
        return
    gone = {
        after.pk
        for before, after in zip(batch.before, batch.after, strict=True)
        if before is not None and after.deleted_at and not before.deleted_at
    }
    if (
        gone
        and DealRegistration.objects.filter(protection__in=gone, state=State.APPROVED, deleted_at__isnull=True).exists()
    ):
        raise ValidationError(_("It protects the deal of a partner: withdraw that instead."))


def protect_again() -> int:
    """Give approved deals the protection that they lack, such as those from before protections were registrations; how many.

    Whose end customer is somebody else's by now stays without.
    """
    bare = DealRegistration.objects.filter(state=State.APPROVED, protection=None, deleted_at__isnull=True)
    return sum(_protected_again(pk) for pk in list(bare.order_by("created_at", "pk").values_list("pk", flat=True)))


def _protected_again(pk: int) -> bool:
    try:
        with transaction.atomic():
            deal = DealRegistration.objects.select_for_update(of=("self",)).get(pk=pk)
            if protects(deal) and deal.protection_id is None:
                _hold(deal, Actor(None, "partners"))
    except ValidationError as error:
        log.warning("deal_not_protected", deal=pk, error="; ".join(error.messages))
        return False
    return True


def _hold(deal: DealRegistration, actor: Actor) -> None:
    """Write the registration as the deal says; of two deals of one customer the first has it."""
    held = deal.protection or Registration()
    _filled(held, deal)
    if not any(key.kind not in WEAK for key in keys_of(held)):
        raise ValidationError(_("Nothing in it tells the end customer from others: complete the name or the tax id."))
    records.save(held, actor=actor)  # takes the lock on its keys, which holds to the end of the transaction
    refuse_protected(deal)
    if deal.protection_id is None:
        DealRegistration._base_manager.filter(pk=deal.pk).update(protection=held)
        deal.protection = held


def _filled(held: Registration, deal: DealRegistration) -> Registration:
    held.owner, held.title, held.phone, held.tax_id = deal.owner, deal.customer, deal.phone, deal.tax_id
    held.plan, held.state = str(deal.partner)[:500], Registration.State.ACTIVE
    if deal.protected_until:
        held.until = timezone.make_aware(datetime.combine(deal.protected_until, time(23, 59, 59)))
    return held


def _let_go(deal: DealRegistration, actor: Actor) -> None:
    held = deal.protection
    if held is not None and held.state == Registration.State.ACTIVE:
        held.state = Registration.State.EXPIRED
        records.save(held, actor=actor)
