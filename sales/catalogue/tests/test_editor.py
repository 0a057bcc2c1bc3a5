"""The line editor: a plain form that keeps what was typed, adds up as it saves, and overwrites nobody."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from customers.factories import make_account
from sales.catalogue.factories import make_book, make_part, make_price, make_product
from sales.contracts.models import Contract
from sales.quotes.factories import make_quote
from sales.quotes.models import Quote, QuoteLine

pytestmark = pytest.mark.django_db
LABELS = ("quotes.quote", "quotes.quoteline", "customers.account")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def seller(rep, grant, client):
    for label in LABELS:
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete"), Scope.OWN))
    grant(rep, "catalogue.product", view=Scope.ALL)
    grant(rep, "catalogue.pricebook", view=Scope.ALL)
    client.force_login(rep)
    return rep


@pytest.fixture
def quote(seller):
    return make_quote(owner=seller, lines=[{"name": "泵"}, {"name": "柜", "unit_price": Decimal(500)}])


def address(quote):
    return f"/sales/quotes/{quote.pk}/lines/"


def form_of(page):
    """What the page would post as it stands."""
    data = {"row": [], "gone": list(page.context["gone"])}
    for row in page.context["rows"]:
        data["row"].append(row.key)
        data |= {f"{row.key}-{name}": value for name, value in row.values.items()}
        data |= {
            f"{row.key}-id": row.pk or "",
            f"{row.key}-version": row.version or "",
            f"{row.key}-product": row.product_id or "",
        }
        if row.optional:
            data[f"{row.key}-optional"] = "on"
    terms = page.context["terms"]
    shown = {name: terms[name].value() for name in terms.fields}
    return data | {name: "" if value is None else value for name, value in shown.items() if value is not False}


def names(quote):
    return [(line.name, line.quantity) for line in quote.lines.filter(deleted_at__isnull=True)]


def test_only_who_may_change_it(client, quote, other, grant):
    client.force_login(other)
    assert client.get(address(quote)).status_code == 403
    for label in LABELS:
        grant(other, label, view=Scope.ALL, change=Scope.OWN)
    assert client.get(address(quote)).status_code == 404
    assert client.post(address(quote), {"do": "save"}).status_code == 404
    client.logout()
    assert client.get(address(quote)).status_code == 302


def test_what_has_no_lines_has_no_editor(client, quote):
    assert client.get(f"/customers/accounts/{quote.account_id}/lines/").status_code == 404


def test_typing_adding_moving_and_removing_is_saved_together(client, quote):
    data = form_of(client.get(address(quote)))
    first, second = data["row"]
    data[f"{first}-quantity"] = "3"
    data |= {
        "n1-name": "安装",
        "n1-quantity": "2",
        "n1-unit_price": "100.5",
        "n1-discount_percent": "10",
        "n1-tax_rate": "6",
    }
    line = QuoteLine.objects.get(name="柜")
    data |= {"row": ["n1", first], "gone": [f"{line.pk}:{line.version}"], "do": "save"}
    assert client.post(address(quote), data).status_code == 302
    assert names(quote) == [("安装", 2), ("泵", 3)]
    assert Quote.objects.get(pk=quote.pk).total == Decimal("3180.90")
    assert ChangeSet.objects.filter(kind="lines").count() == 1


def test_saving_unchanged_writes_nothing(client, quote):
    data = form_of(client.get(address(quote)))
    before = list(QuoteLine.objects.order_by("pk").values_list("version", flat=True))
    assert client.post(address(quote), data | {"do": "save"}).status_code == 302
    assert list(QuoteLine.objects.order_by("pk").values_list("version", flat=True)) == before
    assert not ChangeSet.objects.filter(kind="lines").exists()


@pytest.mark.parametrize("text", ["NaN", "-1", "0", "Infinity", "9" * 400, "abc", "1e99"])
def test_what_is_wrong_is_named_and_stays_typed(client, quote, text):
    data = form_of(client.get(address(quote)))
    data[f"{data['row'][0]}-quantity"] = text
    page = client.post(address(quote), data | {"do": "save"})
    assert page.status_code == 422
    assert page.context["rows"][0].values["quantity"] == text
    assert page.context["rows"][0].errors["quantity"]
    assert names(quote) == [("泵", 1), ("柜", 1)]


def test_nobody_overwrites_unseen_and_nothing_typed_is_lost(client, quote, seller):
    data = form_of(client.get(address(quote)))
    line = QuoteLine.objects.get(name="泵")
    line.quantity = Decimal(7)
    records.save(line, actor=Actor(seller))
    data[f"{data['row'][0]}-quantity"] = "5"
    page = client.post(address(quote), data | {"do": "save"})
    assert page.status_code == 409
    assert page.context["rows"][0].values["quantity"] == "5"
    assert page.context["rows"][0].theirs.quantity == 7
    assert names(quote)[0] == ("泵", 7)
    assert client.post(address(quote), form_of(page) | {"do": "save"}).status_code == 302
    assert names(quote)[0] == ("泵", 5)


def test_sums_follow_what_is_typed_and_write_nothing(client, quote):
    data = form_of(client.get(address(quote)))
    data |= {f"{data['row'][0]}-quantity": "2", "discount_percent": "10", "do": "reckon"}
    page = client.post(address(quote), data, headers=HTMX)
    assert page.status_code == 200
    assert "¥2,250.00" in page.content.decode()
    assert Quote.objects.get(pk=quote.pk).total == 1500
    plain = client.post(address(quote), data)
    assert plain.context["total"] == Decimal(2250)


def test_products_by_code_name_and_bundle(client, quote):
    pump, panel = make_product(code="AB-1", list_price=Decimal(80)), make_product(name="控制柜", list_price=Decimal(9))
    bundle = make_product(kind="bundle", name="套装", list_price=None)
    make_part(bundle, pump, 2)
    make_part(bundle, panel, 1)
    data = form_of(client.get(address(quote)))
    for text, added in (("ab-1", [(pump.name, "1", "80")]), ("套装", [(pump.name, "2", "80"), ("控制柜", "1", "9")])):
        page = client.post(address(quote), data | {"do": "add", "add": text})
        found = [(r.values["name"], r.values["quantity"], r.values["unit_price"]) for r in page.context["rows"][2:]]
        assert found == added
    assert "No product" in client.post(address(quote), data | {"do": "add", "add": "不存在"}).context["note"]


def test_cells_of_a_spreadsheet(client, quote):
    product = make_product(code="AB-1", list_price=Decimal(80))
    book = make_book()
    make_price(book, product, 70, min_quantity=Decimal(10))
    data = form_of(client.get(address(quote)))
    text = "编码\t数量\t单价\r\nAB-1\t12\r\n运费\t1\t¥1,300.50\t5%\r\n\r\nAB-1\tabc"
    page = client.post(address(quote), data | {"do": "paste", "paste": text})
    rows = [
        (r.product, r.values["name"], r.values["quantity"], r.values["unit_price"]) for r in page.context["rows"][2:]
    ]
    assert rows[:2] == [(product, product.name, "12", "70"), (None, "运费", "1", "1300.5")]
    assert rows[2][2] == "abc", "what is no number stays as it was"


def test_a_hidden_product_is_not_taken(client, quote, grant, seller):
    product = make_product()
    grant(seller, "catalogue.product", view=Scope.NONE)
    data = form_of(client.get(address(quote))) | {"do": "add", "add_product": product.pk, "add": product.code}
    assert len(client.post(address(quote), data).context["rows"]) == 2


def test_the_price_is_explained_by_the_server_alone(client, quote):
    product = make_product(list_price=Decimal(80))
    data = form_of(client.get(address(quote)))
    data |= {
        "n1-name": "x",
        "n1-product": product.pk,
        "n1-quantity": "1",
        "n1-unit_price": "60",
        "n1-discount_percent": "0",
        "n1-tax_rate": "13",
    }
    data |= {"n1-list_price": "1", "n1-price_reason": "[]", "row": [*data["row"], "n1"], "do": "save"}
    assert client.post(address(quote), data).status_code == 302
    line = QuoteLine.objects.get(name="x")
    assert line.list_price == 80
    assert [step["step"] for step in line.price_reason] == ["list", "typed"]


def test_any_document_with_priced_lines_has_it(client, seller, grant):
    for label in ("contracts.contract", "contracts.contractline"):
        grant(seller, label, **dict.fromkeys(("view", "add", "change", "delete"), Scope.OWN))
    contract = Contract(title="设备合同", account=make_account(owner=seller), owner=seller)
    records.save(contract, actor=Actor(seller))
    address = f"/sales/contracts/{contract.pk}/lines/"
    data = form_of(client.get(address))
    data |= {
        "n1-name": "泵",
        "n1-quantity": "2",
        "n1-unit_price": "50",
        "n1-discount_percent": "0",
        "n1-tax_rate": "13",
    }
    assert client.post(address, data | {"row": ["n1"], "do": "save"}).status_code == 302
    assert Contract.objects.get(pk=contract.pk).total == 100
