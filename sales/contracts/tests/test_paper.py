"""The contract on paper: its text from a template with variables, its plan, its seals, a hundred lines."""

from __future__ import annotations

from decimal import Decimal

import pypdfium2
import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from crm.access.models import Scope
from crm.documents.keeping import keep_paper
from crm.documents.library import Document
from crm.documents.models import Letterhead
from crm.documents.printing import default_template, html_of, papers, pdf_of, print_html
from crm.documents.services import keep_pdf
from crm.files.storage import open_content
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from customers.factories import make_account, make_contact
from sales.contracts import making, services
from sales.contracts.models import Contract, ContractTemplate
from sales.contracts.papers import LABEL, clauses_of, values_of
from sales.quotes.factories import make_quote
from sales.quotes.models import Quote
from sales.receivables.factories import TERMS, make_contract

pytestmark = pytest.mark.django_db
CLAUSES = "# 交付\n货到 {{ customer.address }}。\n\n# 违约\n总价 {{ contract.total | money }}，{{ contract.total | capitals }} <甲方>"


@pytest.fixture
def template(boss):
    made = ContractTemplate(owner=boss, name="标准", clauses=CLAUSES, payment_terms=TERMS)
    records.save(made, actor=Actor(boss))
    return made


@pytest.fixture
def contract(boss, template):
    """Of an accepted quote, with the clauses of the template."""
    account = make_account(owner=boss, name="北辰重工集团有限公司", address="天津市", tax_id="91120000103064074B")
    quote = make_quote(owner=boss, account=account, lines=[{"name": "离心泵", "quantity": Decimal(2)}])
    Quote.objects.filter(pk=quote.pk).update(state="accepted")
    return making.contract_of_quote(Quote.objects.get(pk=quote.pk), actor=Actor(boss))


def words(pdf):
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]


def drawn(contract, user):
    return html_of(default_template(LABEL, "zh-hans"), values_of(contract, user))


def test_it_begins_with_its_template_and_fills_it_in(boss, contract, template):
    assert (contract.template, contract.clauses, contract.payment_terms) == (template, CLAUSES, TERMS)
    values = values_of(contract, boss)
    assert values["clauses"] == [
        {"title": "交付", "text": "货到 天津市。"},
        {"title": "违约", "text": "总价 ¥2,000.00，人民币贰仟元整 <甲方>"},
    ]
    assert [(row["share"], row["amount"]) for row in values["plan"]] == [("30", "600"), ("60", "1200"), ("10", "200")]
    assert "&lt;甲方&gt;" in drawn(contract, boss)


def test_the_paper_is_a_draft_until_it_is_approved_and_each_print_is_a_version(client, boss, contract):
    Letterhead.objects.create(name="远山泵业有限公司", tax_id="91330200X")
    client.force_login(boss)
    address = f"/sales/contracts/{contract.pk}/do/print/"
    assert client.post(address, {"language": "zh-hans"}).status_code == 302
    assert ">草稿<" in drawn(contract, boss)
    drafted = "".join(words(pdf_of(contract, boss)))
    for said in (
        "合同编号",
        contract.number,
        "北辰重工集团有限公司",
        "人民币贰仟元整",
        "第四条",
        "盖章处",
        "质保",
    ):
        assert said in drafted, said
    contract = services.approve_contract(contract, actor=Actor(boss))
    assert client.post(address, {"language": "zh-hans"}).status_code == 302
    document = Document.objects.get(on_entity=LABEL, on_id=contract.pk)
    assert (document.title, document.number) == (contract.number, 2)
    assert ">草稿<" not in drawn(contract, boss)
    english = "".join(words(pdf_of(contract, boss, "en")))
    assert "Article 4. 违约" in english or "Article 3. 交付" in english


def test_clauses_stand_still_once_it_is_agreed_and_are_told_when_they_cannot_be_read(boss, contract):
    contract.clauses = "# x\n{% if %}"
    with pytest.raises(ValidationError) as refused:
        records.save(contract, actor=Actor(boss))
    assert list(refused.value.message_dict) == ["clauses"]
    agreed = services.approve_contract(Contract.objects.get(pk=contract.pk), actor=Actor(boss))
    agreed.clauses = "# x\ny"
    with pytest.raises(ValidationError):
        records.save(agreed, actor=Actor(boss))


def test_one_by_hand_takes_the_template_it_names_and_a_renewal_keeps_the_words(boss, template):
    made = make_contract(owner=boss, template=template, payment_terms="", signed_on=None)
    assert (made.clauses, made.payment_terms) == (CLAUSES, TERMS)
    own = make_contract(owner=boss, template=template, clauses="# 自拟\n文字", payment_terms="一次性付清")
    assert (own.clauses, own.payment_terms) == ("# 自拟\n文字", "一次性付清")
    assert clauses_of("没有标题\n两行", {}) == [{"title": "", "text": "没有标题\n两行"}]


def test_who_may_not_know_the_amount_prints_none(rep, grant, field_rule):
    contract = make_contract(owner=rep)
    grant(rep, LABEL, view=Scope.ALL)
    field_rule(rep, LABEL, "amount", "hidden")
    with pytest.raises(PermissionDenied):
        pdf_of(contract, rep)


@pytest.mark.parametrize(("label", "head"), [(LABEL, "产品 / 服务"), ("quotes.quote", "产品 / 服务")])
def test_a_hundred_lines_stand_once_each_under_a_head_on_every_page(label, head):
    values = papers[label].sample()
    values["lines"] = [{**values["lines"][0], "name": f"零件{n:03}"} for n in range(1, 101)]
    pages = words(print_html(html_of(default_template(label, "zh-hans"), values)))
    assert len(pages) == 6
    whole = "".join(pages)
    assert [whole.count(f"零件{n:03}") for n in range(1, 101)] == [1] * 100
    listing = [page for page in pages if "零件" in page]
    assert all(page.count(head) == 1 for page in listing)
    total = next(page for page in pages if "不含税金额" in page)
    assert "零件100" in total, "totals stand with the last line"


def test_totals_are_never_alone_on_a_page():
    values = papers["quotes.quote"].sample()
    values["lines"] = [{**values["lines"][0], "name": f"零件{n:03}"} for n in range(1, 16)]
    pages = words(print_html(html_of(default_template("quotes.quote", "zh-hans"), values)))
    assert [("零件015" in page, "不含税金额" in page, "人民币" in page) for page in pages] == [
        (False,) * 3,
        (True,) * 3,
    ]


def test_it_tells_of_people_what_its_reader_knows(rep, boss, grant, field_rule):
    account = make_account(owner=boss, tax_id="91120000103064074B", phone="022-65301188")
    contract = make_contract(owner=boss, account=account)
    contract.contact = make_contact(owner=boss, account=account, mobile="13812345678")
    grant(rep, LABEL, view=Scope.ALL)
    for label, field, mode in (("customers.contact", "mobile", "masked"), ("customers.account", "tax_id", "hidden")):
        grant(rep, label, view=Scope.ALL)
        field_rule(rep, label, field, mode)
    told = values_of(contract, rep)
    assert told["customer"]["tax_id"] == "" and told["customer"]["phone"] == account.phone
    assert "2345" not in told["contact"]["mobile"] and "*" in told["contact"]["mobile"]
    assert values_of(contract, None)["contact"]["mobile"] == contract.contact.mobile


def test_what_is_approved_is_filed_once_as_the_customer_reads_it(boss, contract, field_rule, grant):
    grant(boss, LABEL, view=Scope.ALL)
    field_rule(boss, LABEL, "amount", "hidden")
    keep_paper(contract, b"%PDF-1.4 draft", "x.pdf", actor=Actor(boss), source="zh-hans")
    boss.language = "zh-hans"
    boss.save()
    services.approve_contract(contract, actor=Actor(boss))
    dispatch()
    dispatch()
    document = Document.objects.get(on_entity=LABEL, on_id=contract.pk)
    assert (document.number, document.owner) == (2, boss)
    with open_content(document.file.sha256) as content:
        told = "".join(words(content.read()))
    assert "人民币贰仟元整" in told and "草稿" not in told
    contract.refresh_from_db()
    again = keep_pdf(contract, actor=Actor(boss), name=contract.number, whole=True)
    assert (again.pk, again.number) == (document.pk, 2)
