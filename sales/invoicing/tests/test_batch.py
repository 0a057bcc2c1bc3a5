"""Many invoices issued from a file of the tax office: looked at first, row by row, once."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm.access.models import Scope
from crm.records.actor import Actor
from sales.invoicing import requesting
from sales.invoicing.models import Invoice
from sales.receivables.factories import make_contract

pytestmark = pytest.mark.django_db
URL = "/sales/invoices/issue/"
HEAD = "序号,发票代码,数电票号码,购方名称,开票日期,价税合计,备注"


@pytest.fixture
def money(make_user, grant):
    user = make_user("money")
    grant(user, "invoicing.invoice", view=Scope.ALL, change=Scope.ALL, issue=Scope.ALL)
    grant(user, "customers.account", view=Scope.ALL)
    return user


@pytest.fixture
def invoices(rep):
    contracts = [make_contract(owner=rep, signed_on=timezone.localdate()) for _ in range(2)]
    return [requesting.request_for_contract(one, actor=Actor(None, "test")) for one in contracts]


def look(client, *lines):
    """Post a file; the page of its preview."""
    text = "\n".join([HEAD, *lines])
    return client.post(URL, {"file": SimpleUploadedFile("数电票.csv", text.encode("gb18030"))})


def test_a_file_is_looked_at_and_then_issued_once(client, money, invoices):
    client.force_login(money)
    one, two = invoices
    rows = (
        f"1,,２４４４２６１１１８００００００００９９,甲,2026/11/3 10:00:00,{one.total},合同款 {one.number}",
        f"2,,24442611180000000100,乙,2026年11月4日,{two.total + 1},{two.number}",
        "3,,24442611180000000101,丙,2026-11-04,100.00,KP999999999",
    )
    page = look(client, *rows)
    assert (page.context["ready"], page.context["wrong"], page.context["done"]) == (1, 2, 0)
    assert not Invoice.objects.exclude(tax_number="").exists()
    sent = {"rows": page.context["rows"]}
    again = client.post(URL, sent)
    assert [bool(line["judged"].error) for line in again.context["lines"]] == [True, True]
    one.refresh_from_db()
    assert (one.state, one.tax_number, str(one.issued_on)) == ("issued", "24442611180000000099", "2026-11-03")
    version = one.version
    client.post(URL, sent)
    one.refresh_from_db()
    assert one.version == version
    assert look(client, *rows).context["done"] == 1


def test_what_stands_twice_or_is_no_number_is_an_error_of_its_row(client, money, invoices):
    client.force_login(money)
    one, two = invoices
    page = look(
        client,
        f"1,,111,甲,2026-11-03,{one.total},{one.number}",
        f"2,,111,乙,2026-11-03,{two.total},{two.number}",
        f"3,,<b>x</b>,乙,2026-11-03,{two.total},{two.number}",
        f"4,,112,乙,昨天,{two.total},{two.number}",
        f"5,,112,乙,2026-11-03,很多,{two.number}",
        f"6,,112,乙,2026-11-03,{two.total},{one.number} {two.number}",
    )
    assert [line["judged"].ready for line in page.context["lines"]] == [True, *[False] * 5]


def test_only_who_may_issue_and_only_files_that_can_be_read(client, money, rep, grant, invoices):
    grant(rep, "invoicing.invoice", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    assert client.get(URL).status_code == 403
    client.force_login(money)
    assert client.get(URL).status_code == 200
    for given in ({}, {"rows": "bad"}, {"file": SimpleUploadedFile("a.csv", "甲,乙\n1,2".encode())}):
        page = client.post(URL, given)
        assert page.status_code == 422 and page.context["error"]


def test_many_rows_ask_as_much_as_few(client, money, invoices, django_assert_max_num_queries):
    client.force_login(money)
    rows = [f"{n},,9{n:09},甲,2026-11-03,{invoices[0].total},{invoices[0].number}" for n in range(20)]
    look(client, *rows)

    def asked(lines):
        with django_assert_max_num_queries(15) as counted:
            assert len(look(client, *lines).context["lines"]) == len(lines)
        return len(counted)

    assert asked(rows) == asked(rows[:2])


def test_a_number_that_is_given_and_an_invoice_of_others_are_errors_of_their_rows(client, rep, grant, money, invoices):
    one, two = invoices
    Invoice.objects.filter(pk=one.pk).update(tax_number="24442611180000000099", state="issued", issued_on="2026-11-02")
    client.force_login(money)
    page = look(client, f"1,,24442611180000000099,乙,2026-11-03,{two.total},{two.number}")
    assert "is here already" in page.context["lines"][0]["judged"].error
    grant(rep, "invoicing.invoice", view=Scope.ALL, change=Scope.ALL, issue=Scope.OWN)
    Invoice.objects.filter(pk=two.pk).update(owner=money)
    client.force_login(rep)
    page = look(client, f"1,,24442611180000000100,乙,2026-11-03,{two.total},{two.number}")
    assert page.context["lines"][0]["judged"].error == "You may not issue this invoice."
