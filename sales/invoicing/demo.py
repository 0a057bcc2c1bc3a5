"""Invoices of the demo company: titles, who approves them, some asked for, some to be issued, most of them out, one credited."""

from __future__ import annotations

from datetime import timedelta

from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.steps import World, bench_page, demo_step
from crm.lib.uscc import check_character
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from customers.models import Account
from sales.contracts.services import FORCE
from sales.invoicing import crediting, requesting, services, titles
from sales.invoicing.models import Invoice, InvoiceTitle
from sales.receivables.models import Instalment

LARGE = {"all": [{"field": "total", "op": "gte", "value": "100000"}]}
BANKS = ("招商银行", "中国工商银行", "中国建设银行", "中国银行", "交通银行")
BRANCHES = ("科技园支行", "营业部", "高新区支行", "人民路支行")
MADE = 14
WAITING = 2
TO_ISSUE = 2


@demo_step(101, "invoices")
def make_invoices(world: World) -> None:
    """Of instalments that came due: the newest wait for approval and for finance, one was credited after a mistake."""
    people = {user.username: user for user in User.objects.filter(username__in=("admin", "finance"))}
    if len(people) < 2 or Invoice.objects.exists():
        return
    finance, today = people["finance"], world.now.date()
    rows = Instalment.objects.alive().filter(void=False, contract__state__in=FORCE)
    found = list(rows.select_related("contract__owner", "account").order_by("due_key", "pk")[:MADE])
    if not found:
        return
    for number, row in enumerate(found):
        _title(row.account, number)
    made = [requesting.request_for_instalment(row, actor=Actor(row.contract.owner, "demo")) for row in found[WAITING:]]
    for number, invoice in enumerate(made[TO_ISSUE:]):
        day = today - timedelta(days=4 * number + 1)
        issued = services.issue_invoice(
            invoice, actor=Actor(finance, "demo"), tax_number=f"2444{day:%y%m%d}{number:010}", issued_on=day
        )
        if number == 1:
            crediting.credit_invoice(
                issued, actor=Actor(finance, "demo"), tax_number=f"2444{day:%y%m%d}{number:09}9", reason="客户税号变更，冲红重开"
            )  # fmt: skip
        elif number % 3:
            services.deliver_invoice(issued, actor=Actor(finance, "demo"))
    _process(people)
    for row in found[:WAITING]:
        requesting.request_for_instalment(
            row, actor=Actor(row.contract.owner, "demo"), note="客户要求本周内开具，请审批。"
        )


def _title(account: Account, number: int) -> None:
    """What the customer's finance told us."""
    if InvoiceTitle.objects.filter(account=account).exists():
        return
    title = titles.proposed(account)
    title.owner = account.owner or User.objects.get(username="admin")
    first = f"9144030{number % 10}MA5{number:02}K{37 * number % 1000:03}"
    title.tax_id = title.tax_id or first + check_character(first)
    title.bank = BANKS[number % len(BANKS)] + BRANCHES[number % len(BRANCHES)]
    title.bank_account = f"6222 0{number % 10}00 {1000 + 37 * number} {5021 + 113 * number}"
    records.save(title, actor=Actor(title.owner, "demo"))


def _process(people: dict[str, User]) -> None:
    """Finance agrees to each invoice; large ones the superior of who asks, too."""
    if ApprovalProcess.objects.filter(entity="invoicing.invoice").exists():
        return
    process = ApprovalProcess.objects.create(
        entity="invoicing.invoice", name="开票审批", principal=people["admin"], by_hand=False, verb="approve"
    )
    nodes = [
        fresh_node() | {"name": "直属上级", "by": "superior", "hours": 8, "remind": 2, "late": "tell", "when": LARGE},
        fresh_node() | {"name": "财务", "by": "people", "people": [people["finance"].pk]},
    ]
    writing.save_version(process, {"nodes": nodes}, actor=Actor(people["admin"]))
    writing.switch(process, True)


@bench_page("invoices, to be issued", goal=3.0, roles=("manager", "finance", "admin"))
def invoices(user: User) -> tuple[str, str, dict | None]:
    """The list that finance works from."""
    return "GET", "/sales/invoices/?view=to_issue", None
