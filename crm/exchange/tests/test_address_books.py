"""Address books of phones and mail programs, and cards collected at an exhibition."""

from __future__ import annotations

import contextlib
import io

import pytest
from django.utils import translation
from django.utils.text import capfirst
from openpyxl import Workbook

from crm.exchange.reading.errors import ReadError
from crm.exchange.reading.table import open_table
from crm.exchange.reading.vcard import headings
from crm.exchange.tests.test_import import ALL, Person
from crm.ownership.models import AssignmentMember, AssignmentRule, Pool, PoolMember
from crm.records.models import Entry
from crm.reference.models import Region
from customers.models import Contact, Source
from customers.tracing import Touch
from sales.models import Lead

pytestmark = pytest.mark.django_db

PHONE = (
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E5=B0=8F=E5=B7=9D;;;\r\n"
    b"TEL;CELL:13912345678\r\nTEL;WORK:021-55556666\r\n"
    b"ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E8=BF=9C=E5=B1=B1=E7=A7=91=E6=8A=80=\r\n=E6=9C=89=E9=99=90=E5=85=AC=E5=8F=B8\r\n"
    b"PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRg\r\n AAAA\r\n\r\nEND:VCARD\r\n"
)
GBK = b"BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=GB2312;ENCODING=QUOTED-PRINTABLE:=C0=EE=CB=C4\nTEL:+86 138 0000 1111\nEND:VCARD\n"
THREE = """BEGIN:VCARD
VERSION:3.0
FN:Jane Doe
N:Doe;Jane;;;
item1.EMAIL;type=INTERNET;type=pref:jane@example.com
EMAIL;type=HOME:jane@home.example
TEL;type=CELL;type=VOICE:+1 415 555 0100
ADR;TYPE=WORK:;;1 Main St\\, Suite 2;Springfield;IL;62701;USA
TITLE:Head of
  Buying
NOTE:Line one\\nLine two
BDAY:1990-05-06
X-WECHAT:janedoe
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:赵六
TEL;VALUE=uri;TYPE="cell":tel:+86-13700002222
ADR:;;南京西路1号;上海市;上海市;200040;中国
ORG:远山科技;销售部
BDAY:--0506
END:VCARD
""".encode()


@pytest.fixture
def boss(client, rep, grant, django_capture_on_commit_callbacks):
    for label in ("customers.contact", "customers.account", "sales.lead"):
        grant(rep, label, **ALL)
    return Person(client, rep, django_capture_on_commit_callbacks)


def cards(tmp_path, content):
    file = tmp_path / "book.vcf"
    file.write_bytes(content)
    table = open_table(file)
    return [dict(zip(table.columns, cells, strict=True)) for _line, cells in table.rows]


def test_a_phones_book_with_quoted_chinese(tmp_path):
    [wang] = cards(tmp_path, PHONE)
    assert (wang["Name"], wang["Mobile phone"], wang["Telephone"]) == ("王小川", "13912345678", "021-55556666")
    assert wang["Company"] == "远山科技有限公司"
    [li] = cards(tmp_path, GBK)
    assert (li["Name"], li["Mobile phone"]) == ("李四", "+86 138 0000 1111")


def test_versions_three_and_four(tmp_path):
    jane, zhao = cards(tmp_path, THREE)
    assert (jane["Name"], jane["E-mail"], jane["Other e-mail"]) == ("Jane Doe", "jane@example.com", "jane@home.example")
    assert (jane["Job title"], jane["Notes"], jane["WeChat"]) == ("Head of Buying", "Line one\nLine two", "janedoe")
    assert (jane["Birthday"], jane["Address"]) == ("1990-05-06", "1 Main St, Suite 2, Springfield, IL 62701, USA")
    assert (zhao["Mobile phone"], zhao["Address"], zhao["Company"]) == (
        "+86-13700002222",
        "上海市南京西路1号",
        "远山科技",
    )
    assert zhao["Birthday"] == ""


@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCARD\nEND:VCARD\n",
        b"BEGIN:VCARD\nFN:" + b"x" * 3_000_000 + b"\nEND:VCARD",
        b"BEGIN:VCARD\n" + b"TEL:1\n" * 5000 + b"END:VCARD",
        b"BEGIN:VCARD\nFN;ENCODING=BASE64:***\nFN;CHARSET=nonsense:\xff\xfe\nEND:VCARD",
        b"BEGIN:VCARD\nFN:a\x00b\nEND:VCARD",
        b"BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD",
        b"BEGIN:VCARD\nN\n:\n;;;:\nFN;=;==:x\nEND:VCARD",
    ],
)
def test_broken_books_break_nothing(tmp_path, content):
    with contextlib.suppress(ReadError):
        assert len(cards(tmp_path, content)) <= 1


def test_a_book_becomes_contacts(boss):
    _run, job = boss.whole("customers.contact", THREE, "book.vcf")
    assert job.created == 2
    jane = Contact.objects.get(name="Jane Doe")
    assert (jane.email, jane.mobile, jane.wechat, str(jane.birthday)) == (
        "jane@example.com",
        "+1 415 555 0100",
        "janedoe",
        "1990-05-06",
    )
    # No such companies are known: what the cards say of them is kept to be read.
    assert {contact.account_id for contact in Contact.objects.all()} == {None}
    wang = Contact.objects.exclude(pk=jane.pk).get()
    page = boss.client.get(f"/customers/contacts/{wang.pk}/").content.decode()
    assert "远山科技" in page


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            "First Name,Last Name,Company,Job Title,Business Phone,Mobile Phone,E-mail Address\nJane,Doe,Acme,CEO,1,2,j@a.com\n",
            "Jane Doe",
        ),
        ("名,姓,公司,职务,商务电话,移动电话,电子邮件地址\n小川,王,远山,经理,021-5555,13912345678,w@a.com\n", "王小川"),
        (
            "First Name,Last Name,Organization Name,Organization Title,Phone 1 - Value,E-mail 1 - Value\nJane,Doe,A,B,13912345678,j@a.com\n",
            "Jane Doe",
        ),
    ],
)
def test_outlook_and_gmail_are_recognised(boss, content, name):
    boss.whole("sales.lead", content)
    lead = Lead.objects.get()
    assert lead.name == name and lead.company and lead.job_title and lead.email and (lead.mobile or lead.phone)


def test_five_hundred_cards_get_their_source_their_owner_by_region_and_the_rest_a_pool(boss, rep, make_user):
    wang, li = make_user("wang"), make_user("li")
    east, south = Region.objects.get_or_create(name="上海")[0], Region.objects.get_or_create(name="广东")[0]
    for region, person in ((east, wang), (south, li)):
        where = {"all": [{"field": "region", "op": "in", "value": [str(region.pk)]}]}
        rule = AssignmentRule.objects.create(entity="sales.lead", name=region.name, condition=where)
        AssignmentMember.objects.create(rule=rule, user=person)
    pool = Pool.objects.create(entity="sales.lead", name="线索池")
    PoolMember.objects.create(pool=pool, user=rep, keeper=True)
    book, places = Workbook(), ["上海", "广东", ""]
    book.active.append(["姓名", "公司", "手机", "省份"])
    for n in range(500):
        book.active.append([f"名片{n}", f"公司{n}", f"139{n:08}", places[n % 3]])
    file = io.BytesIO()
    book.save(file)
    options = {"label": "2024春季行业展", "pool": str(pool.pk)}
    run, job = boss.whole("sales.lead", file.getvalue(), "cards.xlsx", options=options)
    assert job.created == 500
    source = Source.objects.get(name="2024春季行业展")
    assert Lead.objects.filter(source=source, first_source=source).count() == 500
    assert Touch.objects.filter(source=source, kind="file", name="2024春季行业展").count() == 500
    counts = [Lead.objects.filter(owner=who, pool=None).count() for who in (wang, li, rep)]
    assert counts == [167, 167, 0] and Lead.objects.filter(pool=pool, owner=None).count() == 166
    assert Entry.objects.filter(kind="ownership.pooled", change_set=run.changes).count() == 166
    with boss.commit(execute=True):
        boss.post("undo", run)
    assert not Lead.objects.filter(deleted_at=None).exists()


def test_a_mistyped_credit_code_is_told_like_on_the_form(boss):
    rows = "name,tax_id\n海洋贸易,91350100M000100Y44\n远山科技,91350100M000100Y43\n外国公司,DE123456789\n"
    run, job = boss.whole("customers.account", rows)
    assert (job.created, job.failed) == (3, 0)
    [reason] = run.preview["reasons"]
    assert "no valid unified social credit code" in reason[0]
    assert reason[1] == 1


def test_a_source_that_one_may_not_make_is_not_made(boss, rep, grant, monkeypatch):
    monkeypatch.setattr("crm.exchange.forms.can_make", lambda user, model: False)
    run = boss.upload("sales.lead", "姓名,手机\n王小川,13912345678\n")
    data = {"mode": "create", "duplicates": "create", "blank": "keep", "label": "新来源"}
    answer = boss.client.post(f"/imports/{run.pk}/check/", data)
    assert answer.status_code == 422 and "may not make one" in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_cards_speak_of_people_as_leads_do(language):
    with translation.override(language):
        known = {
            capfirst(Lead._meta.get_field(name).verbose_name)
            for name in ("name", "company", "job_title", "email", "wechat")
        }
        assert known <= set(headings())
