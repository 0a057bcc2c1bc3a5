"""The life of an invoice: handed in, approved, issued, handed over, cancelled. Its state changes here and in ``crediting``."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.approvals import services as approvals
from crm.files.services import store_file
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts.services import FORCE, process_for
from sales.invoicing import kinds, limits, notices, titles
from sales.invoicing.models import Invoice, check_tax_id
from sales.orders.models import Order
from sales.receivables.models import Instalment

State = Invoice.State
APPROVE = {"effect": "do:approve", "params": {}}
OPEN = (State.REQUESTED, State.APPROVING, State.APPROVED)
LIVE = (State.ISSUED, State.DELIVERED)
"""It is out, and not taken back as a whole."""


def is_request(invoice: Invoice) -> bool:
    """Whether it can be handed in: a request, or one that came back."""
    if invoice.state == State.APPROVING:
        return approvals.open_instance(invoice) is None
    return invoice.state == State.REQUESTED


def is_approvable(invoice: Invoice) -> bool:
    """Whether the verb of its approval may run now: nobody is being asked any more."""
    return invoice.state == State.APPROVING and approvals.open_instance(invoice) is None


@transaction.atomic
def submit_invoice(invoice: Invoice, *, actor: Actor, note: str = "") -> Invoice:
    """Ask for approval by the process that fits it; where none does, it is approved at once. ValidationError: what is missing."""
    invoice = held(invoice)
    must(invoice, State.REQUESTED, State.APPROVING)
    _check_whole(invoice)
    if invoice.title_id is None:
        invoice.title = titles.title_for(invoice.account, actor=actor)
    if invoice.title.account_id != invoice.account_id:
        raise ValidationError({"title": _("This invoice title belongs to another account.")})
    if invoice.kind == Invoice.Kind.SPECIAL:
        if not invoice.title.tax_id:
            raise ValidationError({"title": _("A special invoice needs the tax id of the buyer.")})
        check_tax_id(invoice.title.tax_id)
    if invoice.state == State.REQUESTED:
        invoice = move(invoice, State.APPROVING, kinds.SUBMITTED, actor=actor)
    requester = actor.user or invoice.owner
    process = process_for(invoice, "approve", requester)
    if process is None:
        return approve_invoice(invoice, actor=actor)
    approvals.start(process, invoice, actor=actor, requester=requester, note=note, carry=APPROVE)
    return invoice


def _check_whole(invoice: Invoice) -> None:
    """What it bills counts: now, and still when it is issued."""
    if invoice.total <= 0:
        raise ValidationError(_("Enter what is billed: the invoice has no amount."))
    if invoice.contract is not None and invoice.contract.state not in FORCE:
        raise ValidationError(_("“%(contract)s” is not in force: it can't be billed.") % {"contract": invoice.contract})
    if invoice.order is not None and invoice.order.state == Order.State.CANCELLED:
        raise ValidationError(_("“%(order)s” was cancelled: it can't be billed.") % {"order": invoice.order})


@transaction.atomic
def approve_invoice(invoice: Invoice, *, actor: Actor) -> Invoice:
    """It may be issued. Twice does it once."""
    invoice = held(invoice)
    if invoice.state == State.APPROVED:
        return invoice
    must(invoice, State.APPROVING)
    return move(invoice, State.APPROVED, kinds.APPROVED, actor=actor)


@transaction.atomic
def reopen_invoice(invoice: Invoice, *, actor: Actor) -> Invoice:
    """A request again: it was rejected or withdrawn."""
    invoice = held(invoice)
    if invoice.state == State.APPROVING:
        move(invoice, State.REQUESTED, kinds.RETURNED, actor=actor)
    return invoice


@transaction.atomic
def issue_invoice(
    invoice: Invoice,
    *,
    actor: Actor,
    tax_number: str,
    tax_code: str = "",
    issued_on: date | None = None,
    file: File | None = None,
) -> Invoice:
    """The tax office gave it its number: who it is made out to stays as it is now, and what waits for it comes due."""
    invoice = held(invoice)
    must(invoice, State.APPROVED)
    _check_whole(invoice)
    stamp(invoice, tax_number, tax_code, issued_on)
    title = invoice.title
    invoice.buyer_name, invoice.buyer_tax_id = title.name, title.tax_id
    invoice.buyer_address = " ".join(filter(None, (title.address, title.phone)))
    invoice.buyer_bank = " ".join(filter(None, (title.bank, title.bank_account)))
    move(invoice, State.ISSUED, kinds.ISSUED, actor=actor)
    if file is not None:
        store_file(file, record=invoice, actor=actor)
    notify([invoice.owner], notices.ISSUED, actor=actor, record=invoice)
    return invoice


@transaction.atomic
def deliver_invoice(invoice: Invoice, *, actor: Actor, **data: Any) -> Invoice:
    """It reached the customer."""
    invoice = held(invoice)
    must(invoice, *LIVE)
    invoice.delivered_on = invoice.delivered_on or timezone.localdate()
    return move(invoice, State.DELIVERED, kinds.DELIVERED, actor=actor, **data)


@transaction.atomic
def cancel_invoice(invoice: Invoice, *, actor: Actor, reason: str = "") -> Invoice:
    """It is not wanted any more: only before it is issued. A request for approval is withdrawn."""
    invoice = held(invoice)
    must(invoice, *OPEN)
    running = approvals.open_instance(invoice)
    if running is not None:
        approvals.withdraw(running, actor=actor)
        invoice = held(invoice)
    invoice.reason = reason
    return move(invoice, State.CANCELLED, kinds.CANCELLED, actor=actor, reason=reason)


@transaction.atomic
def void_invoice(invoice: Invoice, *, actor: Actor, reason: str = "") -> Invoice:
    """The tax office lets it be void as if it had never been; one that the customer has is credited instead."""
    invoice = held(invoice)
    must(invoice, State.ISSUED)
    if invoice.credited:
        raise ValidationError(_("A part of it was credited: it can't be made void."))
    invoice.reason = reason
    return move(invoice, State.CANCELLED, kinds.CANCELLED, actor=actor, reason=reason)


def stamp(invoice: Invoice, tax_number: str, tax_code: str, issued_on: date | None) -> None:
    """Note what the tax office calls it. ValidationError where that is another one's number."""
    invoice.tax_number, invoice.tax_code = tax_number.strip(), tax_code.strip()
    invoice.issued_on = issued_on or timezone.localdate()
    known = Invoice._base_manager.filter(tax_number=invoice.tax_number, tax_code=invoice.tax_code)
    if known.exclude(pk=invoice.pk).exists():
        raise ValidationError({"tax_number": _("An invoice with this number of the tax office is here already.")})


def held(invoice: Invoice) -> Invoice:
    """The invoice as it is now, locked after what it is a part of and after the instalments that may wait for it."""
    limits.hold([invoice])
    if invoice.contract_id:
        rows = Instalment._base_manager.filter(contract=invoice.contract_id).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    return Invoice._base_manager.select_for_update().get(pk=invoice.pk)


def must(invoice: Invoice, *states: str) -> None:
    """ValidationError unless it is an invoice in one of these states."""
    if invoice.state not in states or invoice.deleted_at is not None or invoice.original_id is not None:
        told = {"invoice": invoice, "state": invoice.get_state_display()}
        raise ValidationError(
            _("“%(invoice)s” is in the state “%(state)s”: this can't be done with it.") % told, code="state"
        )


def move(invoice: Invoice, state: str, kind: str, *, actor: Actor, **data: Any) -> Invoice:
    """Write a new state; the guard lets it through because it is said here."""
    invoice.state, invoice.moving = state, True
    try:
        records.save(invoice, actor=actor, kind=kind, **{name: value for name, value in data.items() if value})
    finally:
        invoice.moving = False
    return invoice
