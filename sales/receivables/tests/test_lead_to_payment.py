"""The whole chain in a real browser: from an imported lead to the last receipt. Nothing that is known is typed again."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import pytest
from django.db import models
from django.utils.timezone import localdate
from playwright.sync_api import Locator, Page, expect

from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.roles import ensure_roles
from crm.home.tests.test_main_job import PASSWORD, bring, site  # noqa: F401 - a fixture
from crm.records.actor import Actor
from crm.reference.models import NumberSequence
from crm.users.models import Department, User
from customers.models import Account, Contact
from sales.catalogue.factories import make_product
from sales.catalogue.models import OpportunityLine, Product
from sales.contracts.models import Contract, ContractLine
from sales.factories import make_pipeline
from sales.models import Lead, Opportunity, Pipeline
from sales.orders.models import Order, OrderLine
from sales.quotes.models import Quote, QuoteLine
from sales.receivables.models import Instalment, Payment

expect.set_options(timeout=20_000)
pytestmark = pytest.mark.browser
D = Decimal

LEADS = "姓名,公司,手机,意向产品\n单玉,仇家湾水务有限公司,13900139000,超声波水表\n"
TERMS = "30% 签约, 60% 交付, 10% 验收"
RECORDS = (
    Lead, Account, Contact, Product, Opportunity, OpportunityLine, Quote, QuoteLine, Contract, ContractLine, Order, OrderLine,
    Instalment, Payment,
)  # fmt: skip
FREE = (models.CharField, models.TextField, models.DecimalField, models.DateField, models.PositiveIntegerField)
# The page tells of each named field that a hand changes; what a form proposes or a script fills in is told by nobody.
WATCH = """for (const kind of ["input", "change"]) addEventListener(kind, (event) => {
  const field = event.target;
  if (event.isTrusted && field.name && /^(text|number|date|email|tel|url|search|textarea)$/.test(field.type))
    window.typedByHand(field.name, field.value);
}, true);"""


class Hand:
    """Keeps what hands enter into the forms of all pages; what stands on an earlier record already fails at once."""

    def __init__(self, page: Page) -> None:
        self.typed: list[tuple[str, str]] = []
        page.context.expose_function("typedByHand", self.note)
        page.context.add_init_script(WATCH)

    def note(self, name: str, value: str) -> None:
        name = name.rpartition("-")[2]  # a line of the editor puts its own mark before
        if name not in ("username", "password") and [(name, value)] != self.typed[-1:]:
            self.typed.append((name, value))

    def type(self, field: Locator, value: str) -> None:
        """Fill a field that the page must have left to the hand."""
        before = known()
        assert plain(value) not in before, f"{value} stands on {before[plain(value)]}"
        field.fill(value)


def plain(value: object) -> str:
    """A number or text as it is compared: 37, 37.0 and "37.00" are the same."""
    try:
        return f"{D(str(value).replace(',', '')).normalize():f}"
    except InvalidOperation:
        return str(value).strip()


def known() -> dict[str, str]:
    """Everything that stands on a record of the chain, with where."""
    found = {}
    for model in RECORDS:
        fields = [f for f in model._meta.concrete_fields if f.editable and not f.choices and isinstance(f, FREE)]
        for record in model._base_manager.all():
            values = {f.name: getattr(record, f.name) for f in fields}
            found |= {plain(v): f"{model.__name__}.{name}" for name, v in values.items() if v}
    return found


@pytest.fixture
def company(transactional_db) -> dict[str, User]:
    """Who sells, who signs, a pipeline, a product and the process that contracts go through."""
    roles = ensure_roles("en")
    centre = Department.objects.create(name="销售中心")
    people = {}
    for username, name, role in (
        ("zhao", "赵敏", "manager"), ("li", "李想", "rep"), ("fa", "方律", "legal"), ("cai", "蔡芸", "finance"),
    ):  # fmt: skip
        user = User(username=username, name=name, language="en", department=centre, manager=people.get("manager"))
        user.set_password(PASSWORD)
        user.save()
        roles[role].users.add(user)
        people[role] = user
    Pipeline.objects.all().delete()
    make_pipeline()
    make_product(owner=people["manager"], name="DN80 超声波水表", list_price=D(1200), tax_rate=D(13))
    process = ApprovalProcess.objects.create(
        entity="contracts.contract", name="合同审批", principal=people["manager"], by_hand=False, verb="approve"
    )
    both = [people["legal"].pk, people["finance"].pk]
    nodes = [fresh_node() | {"name": "会签", "by": "people", "people": both, "mode": "all"}]
    writing.save_version(process, {"nodes": nodes}, actor=Actor(people["manager"]))
    writing.switch(process, True)
    for code, prefix in (
        ("sales.contract", "HT"),
        ("sales.order", "DD"),
        ("sales.payment", "HK"),
        ("sales.quote", "BJ"),
    ):
        known = {"name": code, "prefix": prefix, "gap_free": code != "sales.quote", "period": "%Y"}
        NumberSequence.objects.get_or_create(code=code, defaults=known)
    return people


def at(page: Page, path: str) -> None:
    page.goto(re.match(r"https?://[^/]+", page.url)[0] + path)


def verb(page: Page, name: str, fill: Callable[[Locator], None] | None = None) -> None:
    """Press a verb on the record's page as it stands, and send what its dialog proposes."""
    found = page.locator(f".record-head [href$='/do/{name}/'], .record-head [action$='/do/{name}/'] button").first
    if not found.is_visible():
        page.locator(".record-head [popovertarget=record-menu]").click()
    asks = found.get_attribute("href")
    here = page.url
    found.click()
    if asks:
        dialog = page.locator("#dialog")
        dialog.locator("[data-submit]").wait_for()
        if fill:
            fill(dialog)
        dialog.locator("[data-submit]").click()
        expect(dialog).to_be_hidden()
    page.wait_for_load_state("networkidle")
    assert page.url or here


def test_from_an_imported_lead_to_the_last_receipt(company, site, page):  # noqa: F811 - the fixture
    hand = Hand(page)
    page = site(company["manager"])
    lead_comes_and_goes_to_the_seller(page, company["rep"])
    page = site(company["rep"])
    deal = qualify_and_convert(page)
    quote = quote_of_the_deal(page, deal, hand)
    customer_accepts(page, quote, hand)
    contract = contract_of_the_quote(page, quote)
    for signer in ("legal", "finance"):
        page = site(company[signer])
        at(page, f"/sales/contracts/{contract.pk}/")
        page.locator(".approval-acts .btn-primary").first.click()
        page.wait_for_load_state("networkidle")
    order = Order.objects.get(contract=contract)
    assert (order.total, order.lines.get().quantity) == (D("41292.00"), D(37))
    amounts = list(Instalment.objects.filter(contract=contract).order_by("seq").values_list("amount", flat=True))
    assert amounts == [D("12387.60"), D("24775.20"), D("4129.20")]

    page = site(company["rep"])
    at(page, f"/sales/contracts/{contract.pk}/")
    verb(page, "sign")
    verb(page, "activate")
    at(page, f"/sales/orders/{order.pk}/")
    verb(page, "deliver")
    at(page, f"/sales/contracts/{contract.pk}/")
    verb(page, "accept")
    receive_everything(site(company["finance"]), contract, hand)
    page = site(company["rep"])
    at(page, f"/sales/contracts/{contract.pk}/")
    verb(page, "complete")

    contract.refresh_from_db()
    assert (contract.state, contract.amount) == ("completed", D("41292.00"))
    told = list(Instalment.objects.filter(contract=contract).order_by("seq").values_list("state", "received"))
    assert told == [("paid", D("12387.60")), ("paid", D("24775.20")), ("paid", D("4129.20"))]
    assert sum(Payment.objects.values_list("allocated", flat=True)) == contract.amount
    account = Account.objects.get(name="仇家湾水务有限公司")
    assert (account.kind, account.lifecycle) == ("customer", "active")
    assert hand.typed == [
        ("quantity", "37"), ("discount_percent", "7"), ("payment_terms", TERMS), ("name", "单玉（采购部）"),
        ("bank_ref", "ICBC-1"), ("bank_ref", "ICBC-2"), ("bank_ref", "ICBC-3"),
    ]  # fmt: skip
    performance_counts_it(site(company["manager"]), company["rep"], contract.amount)


def lead_comes_and_goes_to_the_seller(page: Page, seller: User) -> None:
    bring(page, "sales.lead", "线索.csv", LEADS.encode())
    expect(page.locator("#job-progress")).to_contain_text("1 / 1")
    lead = Lead.objects.get()
    at(page, f"/sales/leads/{lead.pk}/edit/")
    page.wait_for_load_state("networkidle")
    page.locator("#id_owner-ts-control").click()
    page.locator(".ts-dropdown .option", has_text=seller.name).first.click()
    page.locator("#id_status").select_option("qualified")
    page.locator(".form-bar [data-submit]").click()
    expect(page).to_have_url(re.compile(rf"/sales/leads/{lead.pk}/$"))
    lead.refresh_from_db()
    assert (lead.owner, lead.status) == (seller, "qualified")


def qualify_and_convert(page: Page) -> Opportunity:
    at(page, f"/sales/leads/{Lead.objects.get().pk}/")
    verb(page, "convert")
    expect(page.locator("h1")).to_have_text("仇家湾水务有限公司")
    deal = Opportunity.objects.select_related("account").get()
    assert (deal.account.name, deal.name, deal.people.get().contact.name) == (
        "仇家湾水务有限公司",
        "超声波水表",
        "单玉",
    )
    return deal


def quote_of_the_deal(page: Page, deal: Opportunity, hand: Hand) -> Quote:
    """Products on the opportunity, the quote of it, a discount and how it is to be paid; released and sent."""
    at(page, f"/sales/opportunitylines/add/?document={deal.pk}")
    page.locator("#id_product-ts-control").click()
    page.keyboard.type("dn80")
    page.locator(".ts-dropdown .option", has_text="DN80").first.click()
    hand.type(page.locator("#id_quantity"), "37")
    page.locator(".form-bar [data-submit]").click()
    expect(page).not_to_have_url(re.compile("/add/"))
    at(page, f"/sales/opportunities/{deal.pk}/")
    verb(page, "make_quote")
    quote = Quote.objects.get()
    line = quote.lines.get()
    assert (line.quantity, line.unit_price, quote.account, quote.contact.name) == (D(37), D(1200), deal.account, "单玉")
    at(page, f"/sales/quotes/{quote.pk}/lines/")
    hand.type(page.locator("[data-cell=discount_percent]"), "7")
    hand.type(page.locator("#id_payment_terms"), TERMS)
    page.locator("button[name=leave]").click()
    expect(page).to_have_url(re.compile(rf"/sales/quotes/{quote.pk}/$"))
    verb(page, "submit")
    verb(page, "hand_over")
    quote.refresh_from_db()
    assert (quote.state, quote.total) == ("sent", D("41292.00"))
    page.reload()
    return quote


def customer_accepts(page: Page, quote: Quote, hand: Hand) -> None:
    link = page.locator("input[readonly][value*='/offer/']").get_attribute("value")
    at(page, re.sub(r"^https?://[^/]+", "", link))
    hand.type(page.locator("#offer_name"), "单玉（采购部）")
    page.locator("button[value=accept]").click()
    page.wait_for_load_state("networkidle")
    quote.refresh_from_db()
    assert quote.state == "accepted"


def contract_of_the_quote(page: Page, quote: Quote) -> Contract:
    at(page, f"/sales/quotes/{quote.pk}/")
    verb(page, "make_contract")
    contract = Contract.objects.get()
    assert (contract.amount, contract.payment_terms, contract.account) == (D("41292.00"), TERMS, quote.account)
    at(page, f"/sales/contracts/{contract.pk}/")
    verb(page, "submit")
    assert Contract.objects.get().state == "approving"
    return contract


def receive_everything(page: Page, contract: Contract, hand: Hand) -> None:
    """Finance registers what came in for each instalment and confirms it; the form proposes amount, payer and day."""
    for number, row in enumerate(Instalment.objects.filter(contract=contract).order_by("seq"), 1):
        at(page, f"/sales/instalments/{row.pk}/")
        verb(
            page,
            "pay",
            lambda form, n=number: hand.type(form.locator("[name=bank_ref]"), f"ICBC-{n}"),
        )
        payment = Payment.objects.latest("pk")
        assert (payment.amount, payment.payer, payment.paid_on) == (row.amount, contract.account.name, localdate())
        at(page, f"/sales/payments/{payment.pk}/")
        verb(page, "confirm")


def performance_counts_it(page: Page, seller: User, amount: Decimal) -> None:
    """The seller leads with the money that came in; the number opens the payments that make it up."""
    at(page, "/sales/attainment/?metric=receipts&order=amount")
    line = page.locator("a.line", has_text=seller.name).first
    expect(line).to_contain_text(f"{amount / 1000:.2f}K")
    line.click()
    expect(page.locator("main")).to_contain_text(f"{amount:,.2f}")
