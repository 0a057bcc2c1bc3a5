"""Invoices through the front door: who may do what, what is refused and how, the file, the mail, approvals and panels."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm.access.models import Scope
from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.models import ApprovalProcess, ApprovalTask
from crm.approvals.nodes import fresh_node
from crm.files.services import files_of
from crm.messaging.models import MailAccount, MailMessage
from crm.notifications.models import Notification
from crm.records.actor import Actor
from sales.invoicing import requesting, services, titles
from sales.invoicing.figures import open_amounts
from sales.invoicing.models import Invoice
from sales.receivables import payments
from sales.receivables.factories import make_contract, make_payment

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal
OWN, ALL = Scope.OWN, Scope.ALL
ROOM = ("contracts.contract", "customers.account", "receivables.instalment", "orders.order", "invoicing.invoicetitle")


@pytest.fixture
def seller(rep, grant):
    for label in (*ROOM, "invoicing.invoice", "invoicing.invoiceline"):
        grant(rep, label, view=OWN, add=OWN, change=OWN)
    return rep


@pytest.fixture
def money(make_user, grant):
    user = make_user("money")
    for label in (*ROOM, "invoicing.invoiceline"):
        grant(user, label, view=ALL)
    grant(user, "invoicing.invoice", view=ALL, add=ALL, change=ALL, issue=ALL)
    return user


@pytest.fixture
def contract(seller):
    return make_contract(owner=seller, signed_on=timezone.localdate())


def do(client, record, name, **data):
    path = {"contract": "contracts", "invoice": "invoices"}[record._meta.model_name]
    return client.post(f"/sales/{path}/{record.pk}/do/{name}/", data)


def test_a_request_types_nothing_and_too_much_is_refused_with_what_is_left(client, seller, contract):
    client.force_login(seller)
    form = client.get(f"/sales/contracts/{contract.pk}/do/request_invoice/").context["form"]
    given = {name: form[name].value() or "" for name in form.fields}
    assert (given["amount"], given["kind"]) == ("100,000.00", "ordinary")
    assert do(client, contract, "request_invoice", **given | {"amount": "60000"}).status_code == 302
    invoice = Invoice.objects.get()
    assert (invoice.total, invoice.state, invoice.title.name) == (D(60_000), "approved", contract.account.name)
    page = do(client, contract, "request_invoice", kind="ordinary", amount="40000.01")
    assert page.status_code == 422
    assert "40,000.00" in page.content.decode()
    assert do(client, contract, "request_invoice", **given).status_code == 302
    assert Invoice.objects.count() == 1


def test_finance_alone_issues_with_the_file(client, seller, money, contract, private_files):
    invoice = requesting.request_for_contract(contract, actor=Actor(seller))
    given = {"tax_number": "2444 2611 0900 0000 0003", "issued_on": "2026-11-20"}
    client.force_login(seller)
    assert do(client, invoice, "issue", **given).status_code == 403
    client.force_login(money)
    wrong = SimpleUploadedFile("fapiao.exe", b"MZ")
    assert do(client, invoice, "issue", **given, file=wrong).status_code == 422
    file = SimpleUploadedFile("fapiao.pdf", b"%PDF-1.4 fapiao")
    assert do(client, invoice, "issue", **given, file=file).status_code == 302
    invoice.refresh_from_db()
    assert (invoice.state, invoice.tax_number) == ("issued", "24442611090000000003")
    assert [one.name for one in files_of(invoice)] == ["fapiao.pdf"]
    assert Notification.objects.filter(user=seller, kind="invoice_issued").count() == 1
    given = {"tax_number": "99", "issued_on": "2026-11-21", "amount": "100000.01", "reason": "退货"}
    assert do(client, invoice, "credit", **given).status_code == 422
    assert do(client, invoice, "credit", **given | {"amount": "100000"}).status_code == 302
    invoice.refresh_from_db()
    assert invoice.state == "credited"


def test_the_customer_gets_the_file_by_mail(client, seller, contract, private_files):
    invoice = requesting.request_for_contract(contract, actor=Actor(seller))
    services.issue_invoice(invoice, actor=SYSTEM, tax_number="1")
    box = MailAccount.objects.create(
        name="我", address="me@example.com", owner=seller, smtp_host="127.0.0.1", smtp_port=9
    )
    given = {"to": "buyer@example.com", "account": box.pk, "subject": "发票", "text": "请查收"}
    client.force_login(seller)
    assert do(client, invoice, "send", **given).status_code == 422
    services.store_file(SimpleUploadedFile("fp.pdf", b"%PDF-1.4"), record=invoice, actor=Actor(seller))
    assert do(client, invoice, "send", **given).status_code == 302
    invoice.refresh_from_db()
    assert (invoice.state, invoice.delivered_on) == ("delivered", timezone.localdate())
    assert MailMessage.objects.get().subject == "发票"


def test_who_sees_the_account_but_no_invoice(client, other, grant, seller, contract):
    invoice = services.issue_invoice(
        requesting.request_for_contract(contract, actor=Actor(seller), amount=D(7654)), actor=SYSTEM, tax_number="1"
    )
    for label in ("customers.account", "contracts.contract", "receivables.instalment"):
        grant(other, label, view=ALL)
    client.force_login(other)
    assert client.get(f"/sales/invoices/{invoice.pk}/").status_code in (403, 404)
    assert client.get("/sales/invoices/").status_code in (403, 404)
    page = client.get(f"/customers/accounts/{contract.account_id}/")
    assert page.status_code == 200
    assert "7,654.00" not in page.content.decode()
    assert invoice.number not in page.content.decode()
    (one,) = open_amounts(contract.account, other)
    assert (one.contracted, one.invoiced, one.unpaid, one.unbilled) == (D(100_000), None, None, None)
    grant(other, "invoicing.invoice", view=OWN)
    (one,) = open_amounts(contract.account, other)
    assert (one.invoiced, one.unbilled) == (0, D(100_000))
    assert client.get(f"/sales/invoices/{invoice.pk}/").status_code == 404


def test_open_amounts_take_one_query(seller, contract, django_assert_num_queries):
    services.issue_invoice(
        requesting.request_for_contract(contract, actor=Actor(seller), amount=D(60_000)), actor=SYSTEM, tax_number="1"
    )
    payments.confirm_payment(make_payment(contract, 25_000), actor=SYSTEM)
    make_contract(owner=seller, account=contract.account, signed_on=timezone.localdate(), currency="USD")
    open_amounts(contract.account, seller)
    with django_assert_num_queries(1):
        first, second = open_amounts(contract.account, seller)
    assert (first.contracted, first.invoiced, first.received) == (D(100_000), D(60_000), D(25_000))
    assert (first.unpaid, first.unbilled) == (D(35_000), D(40_000))
    assert (second.currency, second.unbilled) == ("USD", D(100_000))
    assert open_amounts(contract.orders.get(), seller) == open_amounts(contract, seller) == [first]


def test_approval_stands_before_it_and_a_refusal_makes_it_a_request_again(boss, seller, money, contract):
    process = ApprovalProcess.objects.create(entity="invoicing.invoice", name="P", principal=boss, verb="approve")
    node = fresh_node() | {"name": "Finance", "by": "people", "people": [money.pk]}
    writing.save_version(process, {"nodes": [node]}, actor=Actor(boss))
    writing.switch(process, True)
    invoice = requesting.request_for_contract(contract, actor=Actor(seller))
    assert invoice.state == "approving"
    approvals.reject(ApprovalTask.objects.get(state="open"), actor=Actor(money), comment="税号不对")
    invoice.refresh_from_db()
    assert invoice.state == "requested"
    services.submit_invoice(invoice, actor=Actor(seller))
    approvals.approve(ApprovalTask.objects.get(state="open"), actor=Actor(money))
    invoice.refresh_from_db()
    assert invoice.state == "approved"
    second = requesting.request_for_contract(
        make_contract(owner=seller, signed_on=timezone.localdate()), actor=Actor(seller)
    )
    services.cancel_invoice(second, actor=Actor(seller), reason="不需要")
    second.refresh_from_db()
    assert (second.state, approvals.open_instance(second)) == ("cancelled", None)


def test_a_mistyped_tax_id_is_refused_and_titles_are_filled_in(client, seller, contract):
    client.force_login(seller)
    form = client.get(f"/sales/invoicetitles/add/?account={contract.account_id}")
    assert form.status_code == 200
    assert form.context["form"]["name"].value() == contract.account.name
    given = {"account": contract.account_id, "name": "甲公司", "is_default": "on"}
    page = client.post("/sales/invoicetitles/add/", given | {"tax_id": "91350100M000100Y42"})
    assert page.status_code == 422
    assert client.post("/sales/invoicetitles/add/", given | {"tax_id": "91350100M000100Y43"}).status_code == 302
    page = client.post("/sales/invoicetitles/add/", given | {"name": "乙公司"})
    assert page.status_code == 302, page.context["form"].errors
    rows = contract.account.invoice_titles.order_by("pk").values_list("name", "is_default")
    assert list(rows) == [("甲公司", False), ("乙公司", True)]


def test_what_is_hidden_of_the_account_does_not_come_back_in_its_title(seller, contract, field_rule):
    account = contract.account
    account.phone, account.tax_id = "13912345678", "91350100M000100Y43"
    field_rule(seller, "customers.account", "phone", "hidden")
    found = titles.proposed(account, seller)
    assert (found.name, found.tax_id, found.phone) == (account.name, "91350100M000100Y43", "")
