"""What the customer does with a quote by its link: looks, asks, chooses, accepts, declines. Each of it counts once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from sales.quotes import kinds, notices
from sales.quotes.models import Quote, QuoteLine
from sales.quotes.services import move

State = Quote.State
CUSTOMER = Actor(None, "customer")
MOST_QUESTIONS = 10
"""An hour and quote."""


class Closed(ValidationError):
    """The quote can't be answered any more."""


@transaction.atomic
def note_opened(quote: Quote, now: datetime) -> None:
    """Count a look; the first one is told."""
    Quote.objects.filter(pk=quote.pk).update(opened_count=F("opened_count") + 1, opened_at=now)
    if (
        quote.opened_count == 0
        and not Entry.objects.filter(entity=quote.entity_label(), record_id=quote.pk, kind=kinds.OPENED).exists()
    ):
        records.log(quote, kinds.OPENED, actor=CUSTOMER)
        notify([quote.owner], notices.OPENED, record=quote, key=f"quote_opened:{quote.pk}:{quote.link_key}")


@transaction.atomic
def ask(quote: Quote, text: str, name: str, now: datetime) -> bool:
    """Pass a question on; False when too many came within the hour. The same words again are the same question."""
    Quote._base_manager.select_for_update().get(pk=quote.pk)
    lately = Entry.objects.filter(
        entity=quote.entity_label(), record_id=quote.pk, kind=kinds.ASKED, at__gte=now - timedelta(hours=1)
    )
    asked = list(lately.values_list("data", flat=True))
    if any(data.get("said") == text for data in asked):
        return True
    if len(asked) >= MOST_QUESTIONS:
        return False
    records.log(quote, kinds.ASKED, actor=CUSTOMER, said=text, name=name)
    notify([quote.owner], notices.ASKED, record=quote)
    return True


@transaction.atomic
def accept(
    quote: Quote, *, name: str, chosen: Collection[int], address: str, agent: str, shown: str, now: datetime
) -> Quote:
    """The customer agrees, with the optional lines ``chosen``. Again is the same; Closed when it can't be accepted.

    ``shown`` is the fingerprint of what stood on the page: what is agreed to is what was read.
    """
    held = _hold(quote)
    if held.state == State.ACCEPTED:
        return held
    _check_open(held, now)
    if fingerprint(held) != shown:
        raise Closed(_("The quote was changed meanwhile. Please read it again."))
    lines = list(held.lines.filter(deleted_at__isnull=True, optional=True))
    changed = [line for line in lines if line.chosen != (line.pk in chosen)]
    for line in changed:
        line.chosen, line.choosing = not line.chosen, True
    if changed:
        records.save_many(changed, actor=CUSTOMER, kind=kinds.CHOSEN)
        held = _hold(quote)
    held.signed_name, held.answered_at = name, now
    held.proof = {
        "name": name, "at": now.isoformat(), "address": address, "agent": agent,
        "total": str(held.total), "currency": held.currency, "content": fingerprint(held),
    }  # fmt: skip
    move(held, State.ACCEPTED, kinds.ACCEPTED, actor=CUSTOMER, said=name)
    _tell(held, gettext_lazy("Accepted by the customer"))
    return held


@transaction.atomic
def decline(quote: Quote, *, reason: str, address: str, now: datetime) -> Quote:
    """The customer declines. Again is the same; Closed when it can't be answered."""
    held = _hold(quote)
    if held.state == State.REJECTED:
        return held
    _check_open(held, now)
    held.answer, held.answered_at = reason[:500], now
    held.proof = {"at": now.isoformat(), "address": address}
    move(held, State.REJECTED, kinds.REJECTED, actor=CUSTOMER, said=held.answer)
    _tell(held, gettext_lazy("Declined by the customer"))
    return held


def can_be_answered(quote: Quote, now: datetime) -> bool:
    """Whether the offer stands."""
    return quote.state == State.SENT and not quote.is_over(timezone.localtime(now).date())


def fingerprint(quote: Quote) -> str:
    """A hash of everything that is offered; what is chosen of it apart."""
    lines = quote.lines.filter(deleted_at__isnull=True).order_by("position", "pk")
    offered = [
        quote.number, quote.revision, quote.account_id, quote.currency, quote.tax_included, str(quote.discount_percent),
        str(quote.discount_amount), str(quote.valid_until), quote.terms, quote.payment_terms,
        *(
            [line.pk, line.name, line.unit, str(line.quantity), str(line.unit_price), str(line.discount_percent),
             str(line.tax_rate), line.optional, line.note]
            for line in lines
        ),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(offered, ensure_ascii=False).encode()).hexdigest()


def _hold(quote: Quote) -> Quote:
    return Quote._base_manager.select_for_update(of=("self",)).select_related("owner").get(pk=quote.pk)


def _check_open(quote: Quote, now: datetime) -> None:
    if quote.deleted_at is not None or not can_be_answered(quote, now):
        raise Closed(_("This quote can't be answered any more."))


def _tell(quote: Quote, what: str) -> None:
    notify([quote.owner], notices.ANSWERED, record=quote, data={"what": str(what)})


def with_choice(lines: list[QuoteLine], chosen: Collection[int]) -> list[QuoteLine]:
    """The lines as if the customer had chosen these of the optional ones; nothing is written."""
    for line in lines:
        line.chosen = line.optional and line.pk in chosen
    return lines
