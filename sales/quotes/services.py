"""Taking a quote along: draft, approval, release, sending, answer. Its state changes here and nowhere else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from copy import copy
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.approvals import services as approvals
from crm.approvals.models import ApprovalInstance
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.discounts import needs_approval, summary
from sales.quotes import kinds, notices
from sales.quotes.models import Quote, QuoteLine

State = Quote.State
COPIED = (
    "position", "product", "name", "unit", "quantity", "list_price", "unit_price", "discount_percent", "tax_rate",
    "note", "optional", "price_reason",
)  # fmt: skip

checks: list[Callable[[Quote], None]] = []


def before_release(fn: Callable[[Quote], None]) -> Callable[[Quote], None]:
    """Decorator: ``fn(quote)`` refuses by ValidationError what could not be carried out once the customer accepts it."""
    checks.append(fn)
    return fn


def is_draft(quote: Quote) -> bool:
    return quote.state == State.DRAFT


def in_approval(quote: Quote) -> bool:
    return quote.state == State.APPROVING


def is_approved(quote: Quote) -> bool:
    return quote.state == State.APPROVED


def is_sent(quote: Quote) -> bool:
    return quote.state == State.SENT


def can_be_sent(quote: Quote) -> bool:
    return quote.state in (State.APPROVED, State.SENT)


def can_be_revised(quote: Quote) -> bool:
    return quote.state in (State.APPROVING, State.APPROVED)


def can_be_followed(quote: Quote) -> bool:
    return quote.state in (State.APPROVED, State.SENT, State.REJECTED, State.EXPIRED)


def stay(quote: Quote, *, actor: Actor) -> None:
    """A verb that has a page of its own does nothing by itself."""


@transaction.atomic
def submit_quote(quote: Quote, *, actor: Actor) -> Quote:
    """Release it at once where its seller may give what it gives, else ask for approval.

    By the first process that is meant for it; where there is none, the superior is asked. ValidationError when it has no lines
    or has run out.
    """
    _only(quote, State.DRAFT)
    _check_whole(quote)
    reasons = needs_approval(quote, actor.user)
    if not reasons:
        return move(quote, State.APPROVED, kinds.APPROVED, actor=actor)
    said = summary(reasons)
    move(quote, State.APPROVING, kinds.SUBMITTED, actor=actor, said=said)
    processes = approvals.processes_for(quote, actor.user)
    if processes:
        carry = {"effect": "do:approve", "params": {}}
        approvals.start(processes[0], quote, actor=actor, note=said, carry=carry)
    elif quote.owner.manager_id:
        notify([quote.owner.manager], notices.TO_APPROVE, actor=actor, record=quote)
    return quote


def approve_quote(quote: Quote, *, actor: Actor) -> Quote:
    """Release it: carried by an approved request, or by the word of somebody who may give that much themself."""
    _only(quote, State.APPROVING)
    number = ApprovalInstance.id_of(actor.cause)
    mine = ApprovalInstance.objects.filter(
        pk=number, entity=quote.entity_label(), record_id=quote.pk, state=ApprovalInstance.State.APPROVED
    )
    if (number is None or not mine.exists()) and (reasons := needs_approval(quote, actor.user)):
        raise ValidationError([reason.text for reason in reasons])
    return move(quote, State.APPROVED, kinds.APPROVED, actor=actor)


@transaction.atomic
def revise_quote(quote: Quote, *, actor: Actor) -> Quote:
    """Back to draft, before it was sent; a request for approval under way is withdrawn."""
    _only(quote, State.APPROVING, State.APPROVED)
    running = approvals.open_instance(quote)
    if running is not None:
        approvals.withdraw(running, actor=actor)
    return move(quote, State.DRAFT, kinds.RETURNED, actor=actor)


def hand_over(quote: Quote, *, actor: Actor) -> Quote:
    """It reaches the customer by another way than our mail; from now on its link works."""
    _only(quote, State.APPROVED)
    return mark_sent(quote, actor=actor)


def mark_sent(quote: Quote, *, actor: Actor, **data: Any) -> Quote:
    """The offer stands: its link works, nothing in it changes any more. ValidationError when it has run out."""
    check_sendable(quote)
    quote.link_key = quote.link_key or secrets.token_urlsafe(16)
    quote.sent_at = timezone.now()
    return move(quote, State.SENT, kinds.SENT, actor=actor, **data)


def check_sendable(quote: Quote) -> None:
    """ValidationError unless it was released and has not run out."""
    _only(quote, State.APPROVED, State.SENT)
    if quote.is_over():
        raise ValidationError(_("Its validity has ended: make a new version."))


def accept_quote(quote: Quote, *, actor: Actor, answer: str = "") -> Quote:
    """The customer agreed by another way than the link."""
    _only(quote, State.SENT)
    quote.answer, quote.answered_at = answer[:500], timezone.now()
    return move(quote, State.ACCEPTED, kinds.ACCEPTED, actor=actor, said=quote.answer)


def reject_quote(quote: Quote, *, actor: Actor, answer: str = "") -> Quote:
    """The customer declined."""
    _only(quote, State.SENT)
    quote.answer, quote.answered_at = answer[:500], timezone.now()
    return move(quote, State.REJECTED, kinds.REJECTED, actor=actor, said=quote.answer)


@transaction.atomic
def new_version(quote: Quote, *, actor: Actor) -> Quote:
    """A draft with the same number and lines; the one before it counts no longer."""
    _only(quote, State.APPROVED, State.SENT, State.REJECTED, State.EXPIRED)
    move(quote, State.SUPERSEDED, kinds.SUPERSEDED, actor=actor)
    last = Quote._base_manager.filter(number=quote.number).aggregate(Max("revision"))["revision__max"]
    draft = Quote(number=quote.number, revision=last + 1, replaces=quote, owner=quote.owner)
    for name in (
        "title", "account", "contact", "opportunity", "price_book", "currency", "tax_included", "discount_percent",
        "discount_amount", "terms", "payment_terms", "note", "custom",
    ):  # fmt: skip
        setattr(draft, name, copy(getattr(quote, name)))
    draft.valid_until = quote.valid_until if not quote.is_over() else None
    records.save(draft, actor=actor)
    lines = quote.lines.filter(deleted_at__isnull=True).order_by("position", "pk")
    copies = [
        QuoteLine(document=draft, owner=draft.owner, **{name: getattr(line, name) for name in COPIED})
        for line in lines.select_related("product")
    ]
    records.save_many(copies, actor=actor)
    return Quote.objects.get(pk=draft.pk)


def expire_quotes(today: date) -> int:
    """Offers whose validity has ended without an answer; how many."""
    found = list(
        Quote.objects.alive()
        .filter(state=State.SENT, valid_until__lt=today)
        .select_related("owner")
        .order_by("pk")[:500]
    )
    done = 0
    for quote in found:
        try:
            move(quote, State.EXPIRED, kinds.EXPIRED, actor=Actor(None, "expiry"))
        except records.Conflict:
            continue  # answered a moment ago
        notify([quote.owner], notices.EXPIRED, record=quote, key=f"quote_expired:{quote.pk}")
        done += 1
    return done


def move(quote: Quote, state: str, kind: str, *, actor: Actor, **data: Any) -> Quote:
    """Write a new state; the guard lets it through because it is said here."""
    quote.state = quote.moving_to = state
    records.save(quote, actor=actor, kind=kind, **{name: value for name, value in data.items() if value})
    return quote


def _only(quote: Quote, *states: str) -> None:
    if quote.state not in states:
        raise ValidationError(
            _("This can't be done with a quote in the state “%(state)s”.") % {"state": quote.get_state_display()}
        )


def _check_whole(quote: Quote) -> None:
    lines: Iterable[QuoteLine] = quote.lines.filter(deleted_at__isnull=True)[:1]
    if not list(lines):
        raise ValidationError(_("A quote needs at least one line."))
    if quote.is_over():
        raise ValidationError({"valid_until": _("Its validity has ended: choose a later day.")})
    for check in checks:
        check(quote)
