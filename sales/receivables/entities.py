"""Instalments, payments and allocations as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute, register
from sales.contracts.models import OWED, Contract
from sales.receivables import payments, plan, statements
from sales.receivables.forms import (
    AllocateForm,
    MatchForm,
    MergeForm,
    PaymentForm,
    PlanForm,
    ReasonForm,
    RefundForm,
    ShiftForm,
    SplitForm,
    WriteOffForm,
)
from sales.receivables.models import (
    Allocation,
    BankStatement,
    Instalment,
    Payment,
    Refund,
    StatementLine,
    WriteOff,
)

State = Payment.State
PAYABLE = (State.REGISTERED, State.CONFIRMED)


def is_owed(instalment: Instalment) -> bool:
    """Whether something of it is still to come."""
    return instalment.open_amount > 0


def is_owing(contract: Contract) -> bool:
    """Whether money of the contract counts."""
    return contract.state in OWED


OPEN = {"field": "state", "op": "in", "value": ["pending", "due", "partially_paid", "overdue"]}


@register
class InstalmentEntity(Entity):
    model = Instalment
    area = "sales"
    icon = "calendar-dollar"
    importable = False
    columns = ("contract", "seq", "name", "amount", "received", "outstanding", "due_on", "state", "account")
    filters = (
        "contract", "account", "seq", "name", "amount", "received", "written_off", "outstanding", "due_on", "event", "state",
        "currency", "contract__owner", "created_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "due_on": "due_key"}
    default_sort = "due_on"
    sums = ("amount", "received", "outstanding")
    subtitle = ("account", "amount", "due_on")
    pills = ("state",)
    quick = ("contract", "seq", "name", "amount", "event", "days", "fixed_on")
    sections = {
        _("Instalment"): ("contract", "account", "seq", "name", "ratio", "amount", "currency"),
        _("When it is due"): ("event", "days", "months", "fixed_on", "due_on", "remind_days"),
        _("Paid"): ("state", "received", "written_off", "note"),
    }
    inline = ("name", "event", "days", "months", "fixed_on", "remind_days")
    views = (
        View("overdue", _("Overdue"), {"all": [{"field": "state", "op": "in", "value": ["overdue"]}]}, "due_on"),
        View("open", _("Open"), {"all": [OPEN]}, "due_on"),
    )
    shows_on = {"contracts.contract": "contract", "customers.account": "account"}
    actions = (
        Action(
            "pay", _("Register a payment"), payments.register_for_instalment, "cash", PaymentForm, when=is_owed,
            permission="change", primary=True, automatic=False,
        ),
        Action("shift", _("Put off"), plan.shift, "calendar-plus", ShiftForm, when=is_owed),
        Action("split", _("Split"), plan.split, "arrows-split", SplitForm, when=is_owed, automatic=False),
        Action("join", _("Merge"), plan.merge, "arrows-join", MergeForm, when=is_owed, automatic=False),
        Action(
            "writeoff", _("Write off"), payments.write_off, "eraser", WriteOffForm, when=is_owed,
            permission="change", danger=True, automatic=False, makes="receivables.writeoff",
        ),
    )  # fmt: skip


@register
class PaymentEntity(Entity):
    model = Payment
    area = "sales"
    icon = "cash"
    columns = ("number", "account", "amount", "paid_on", "method", "payer", "state", "allocated", "owner")
    filters = (
        "number", "account", "contract", "amount", "allocated", "refunded", "paid_on", "method", "payer", "bank_ref",
        "state", "currency", "owner", "department", "created_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "paid_on": "paid_on"}
    sums = ("amount",)
    search = {"text": ("payer",), "company": ("account__name",), "code": ("number", "bank_ref")}
    subtitle = ("account", "amount", "paid_on")
    pills = ("state",)
    quick = ("account", "contract", "paid_on", "amount", "method", "payer", "bank_ref")
    sections = {
        _("Payment"): ("number", "account", "contract", "payer", "owner"),
        _("Money"): ("amount", "currency", "paid_on", "method", "bank_ref"),
        _("State"): ("state", "confirmed_by", "confirmed_at", "allocated", "refunded", "note"),
    }
    shows_on = {"customers.account": "account", "contracts.contract": "contract"}
    keys = ("bank_ref",)
    attention = {"all": [{"field": "state", "op": "in", "value": ["registered"]}]}
    views = (
        View("registered", _("To be confirmed"), {"all": [{"field": "state", "op": "in", "value": ["registered"]}]}),
        View(
            "confirmed", _("Confirmed"), {"all": [{"field": "state", "op": "in", "value": ["confirmed"]}]}, "-paid_on"
        ),
    )
    actions = (
        Action(
            "confirm", _("Confirm"), payments.confirm_payment, "checks", permission="confirm",
            when=lambda p: p.state == State.REGISTERED, primary=True, bulk=True,
        ),
        Action(
            "allocate", _("Allocate"), payments.allocate, "arrows-split", AllocateForm, permission="allocate",
            when=lambda p: p.state in PAYABLE and p.unallocated > 0, automatic=False,
        ),
        Action(
            "release", _("Release what it pays"), payments.release, "arrows-split-2", permission="allocate",
            when=lambda p: p.state in PAYABLE and p.allocated > 0,
        ),
        Action(
            "refund", _("Refund"), payments.refund, "receipt-refund", RefundForm, permission="refund",
            when=lambda p: p.state == State.CONFIRMED and p.unallocated > 0, automatic=False,
        ),
        Action(
            "return", _("Returned by the bank"), payments.return_payment, "arrow-back-up", ReasonForm,
            permission="confirm", when=lambda p: p.state in PAYABLE, danger=True,
        ),
        Action(
            "void", _("Make void"), payments.void_payment, "ban", ReasonForm, permission="confirm",
            when=lambda p: p.state in PAYABLE, danger=True,
        ),
    )  # fmt: skip


@register
class AllocationEntity(Entity):
    model = Allocation
    area = "sales"
    icon = "arrows-split"
    nav = False
    importable = False
    columns = ("payment", "instalment", "amount", "created_at")
    filters = ("payment", "instalment", "amount", "created_at")
    quick = ("payment", "instalment", "amount")
    sections = {_("Allocation"): ("payment", "instalment", "amount")}
    shows_on = {"receivables.payment": "payment", "receivables.instalment": "instalment"}


@register
class RefundEntity(Entity):
    model = Refund
    area = "sales"
    icon = "receipt-refund"
    nav = False
    importable = False
    columns = ("payment", "amount", "refunded_on", "reason", "bank_ref", "created_at")
    filters = ("payment", "amount", "refunded_on", "reason", "bank_ref", "created_at")
    quick = ("payment", "amount", "refunded_on", "reason", "bank_ref")
    sections = {_("Refund"): ("payment", "amount", "refunded_on", "reason", "bank_ref")}
    shows_on = {"receivables.payment": "payment"}


@register
class WriteOffEntity(Entity):
    model = WriteOff
    area = "sales"
    slug = "writeoffs"
    icon = "eraser"
    nav = False
    importable = False
    columns = ("instalment", "amount", "written_on", "reason", "created_at")
    filters = ("instalment", "amount", "written_on", "reason", "created_at")
    quick = ("instalment", "amount", "written_on", "reason")
    sections = {_("Write-off"): ("instalment", "amount", "written_on", "reason")}
    shows_on = {"receivables.instalment": "instalment"}


@register
class BankStatementEntity(Entity):
    model = BankStatement
    area = "sales"
    slug = "bankstatements"
    icon = "building-bank"
    importable = False
    columns = ("name", "bank_account", "owner", "created_at")
    filters = ("name", "bank_account", "owner", "department", "created_at")
    search = {"text": ("name",), "code": ("bank_account",)}
    subtitle = ("bank_account",)
    quick = ("name", "bank_account")
    sections = {_("Bank statement"): ("name", "bank_account", "note", "owner")}


@register
class StatementLineEntity(Entity):
    model = StatementLine
    area = "sales"
    slug = "statementlines"
    icon = "list-check"
    nav = False
    importable = False
    columns = ("paid_on", "amount", "payer", "reference", "bank_ref", "state", "payment", "statement")
    filters = ("statement", "paid_on", "amount", "payer", "reference", "bank_ref", "state", "payment", "created_at")
    sums = ("amount",)
    quick = ("statement", "paid_on", "amount", "payer", "reference", "bank_ref")
    sections = {
        _("Line of a bank statement"): (
            "statement", "paid_on", "amount", "currency", "payer", "payer_account", "tax_id", "reference", "bank_ref",
        ),
        _("State"): ("state", "payment"),
    }  # fmt: skip
    pills = ("state",)
    views = (View("open", _("To be matched"), {"all": [{"field": "state", "op": "in", "value": ["open"]}]}),)
    actions = (
        Action(
            "match", _("Match"), statements.match_line, "link", MatchForm, primary=True, automatic=False,
            when=lambda line: line.state == StatementLine.State.OPEN,
        ),
        Action(
            "ignore", _("No payment of a customer"), statements.ignore_line, "ban", bulk=True,
            when=lambda line: line.state == StatementLine.State.OPEN,
        ),
    )  # fmt: skip
    shows_on = {"receivables.bankstatement": "statement"}


REGISTER = {
    "icon": "cash", "form": PaymentForm, "automatic": False, "makes": "receivables.payment",
}  # fmt: skip
contribute(
    "contracts.contract",
    Action(
        "pay", _("Register a payment"), payments.register_for_contract, when=is_owing, permission="view", **REGISTER
    ),
)
contribute(
    "customers.account",
    Action("pay", _("Register a payment"), payments.register_for_account, permission="view", **REGISTER),
)
contribute(
    "contracts.contract",
    Action(
        "payment_plan", _("Payment plan"), plan.change_plan, "calendar-dollar", PlanForm, when=is_owing, automatic=False
    ),
)
