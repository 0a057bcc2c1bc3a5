"""Bills of suppliers and what is paid of them. Each is one transaction; twice does it once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.access import policy
from crm.files.services import store_file
from crm.records import services as records
from crm.records.actor import Actor
from sales.purchasing import kinds
from sales.purchasing.models import Bill, BillPayment, PurchaseOrder


@transaction.atomic
def enter_bill(
    purchase: PurchaseOrder,
    *,
    actor: Actor,
    number: str,
    billed_on: date,
    amount: Decimal,
    due_on: date | None = None,
    note: str = "",
    submission: str = "",
    file: File | None = None,
) -> Bill:
    """Note an invoice of the supplier. The same ``submission`` again, even at the same moment, is the same bill.

    ValidationError for more than is left of the order, unless the actor may do so.
    """
    _may(actor, "purchasing.bill", "add")
    bill = Bill(
        purchase=purchase, owner=purchase.owner, number=number, billed_on=billed_on, amount=amount,
        due_on=due_on, note=note, submission=submission,
    )  # fmt: skip
    made = _once(bill, actor, kinds.BILLED)
    if file is not None and made is bill:
        store_file(file, record=bill, actor=actor)
    return made


@transaction.atomic
def void_bill(bill: Bill, *, actor: Actor, reason: str = "") -> Bill:
    """It was a mistake, or was taken back: only while nothing of it is paid."""
    bill = Bill._base_manager.select_for_update().get(pk=bill.pk)
    if bill.void:
        return bill
    if bill.paid:
        raise ValidationError(_("Something of it is paid: take the payments back first."), code="state")
    bill.void = bill.voiding = True
    bill.note = "; ".join(filter(None, (bill.note, reason)))[:500]
    records.save(bill, actor=actor, kind=kinds.VOIDED, reason=reason)
    return Bill._base_manager.get(pk=bill.pk)


def pay_bill(
    bill: Bill, *, actor: Actor, amount: Decimal, paid_on: date, method: str = "transfer", bank_ref: str = "",
    note: str = "", submission: str = "",
) -> BillPayment:  # fmt: skip
    """Note what was paid of a bill. The same ``submission`` again, even at the same moment, is the same payment.

    ValidationError for more than is open of it.
    """
    _may(actor, "purchasing.billpayment", "add")
    payment = BillPayment(
        bill=bill, owner=bill.owner, amount=amount, paid_on=paid_on, method=method, bank_ref=bank_ref,
        note=note, submission=submission,
    )  # fmt: skip
    return _once(payment, actor, kinds.PAID)


def settle_bill(bill: Bill, *, actor: Actor, **values: Any) -> None:
    """Pay it, and stay with it."""
    pay_bill(bill, actor=actor, **values)


def _once(record: Any, actor: Actor, kind: str) -> Any:
    """Save it, unless the form it comes from was sent before."""
    same = type(record)._base_manager.filter(submission=record.submission)
    try:
        with transaction.atomic():
            if record.submission and (there := same.first()):
                return there
            records.save(record, actor=actor, kind=kind)
    except (IntegrityError, ValidationError) as error:
        if record.submission and (there := same.first()):
            return there
        if isinstance(error, ValidationError):
            raise
        raise _told(error) from error
    return record


def _told(error: IntegrityError) -> ValidationError:
    if "bill_is_entered_once" in str(error):
        return ValidationError({"number": _("This invoice of the supplier is entered already.")})
    if "bill_payment_is_made_once" in str(error):
        return ValidationError({"bank_ref": _("A payment with this bank reference is entered already.")})
    raise error


def _may(actor: Actor, label: str, action: str) -> None:
    if actor.user is not None and not policy.can(actor.user, label, action):
        raise PermissionDenied(_("You may not do this. Finance can."))
