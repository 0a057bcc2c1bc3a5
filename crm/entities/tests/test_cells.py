"""How values are drawn: as their kind looks, escaped, with nothing of what a mask hides."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.template import Engine
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from crm.access.policy import Mode
from crm.entities.bound import BoundField
from crm.entities.cells import Painter, draw_rows
from crm.entities.changes import Change
from crm.entities.entity import registry
from crm.entities.lines import entry_told
from crm.entities.moulds import fill, mould
from crm.entities.refs import Place
from crm.entities.timeline import Line
from crm.records.kinds import kind_of
from crm.records.models import Entry
from crm.users.models import User
from customers.models import Account
from sales.models import Opportunity, Stage

EVIL = """<b>"x"</b>&'%(text)s%s"""
SAFE = "&lt;b&gt;&quot;x&quot;&lt;/b&gt;&amp;&#x27;%(text)s%s"


def field_of(model, name, mode=None):
    return BoundField(registry[model._meta.label_lower].field(name), mode)


def draw(record, name, compact=True, mode=None):
    return Painter(field_of(type(record), name, mode), compact).draw(record)


@pytest.mark.parametrize("compact", [True, False])
def test_what_people_typed_is_escaped_wherever_it_goes(compact):
    record = Account(
        name=EVIL,
        phone=EVIL,
        email=EVIL,
        website=f"https://example.com/{EVIL}",
        description=EVIL,
        parent=Account(pk=7, name=EVIL),
        owner=User(pk=8, name=EVIL),
        level=EVIL,
    )
    for name in ("name", "phone", "email", "website", "description", "parent", "owner", "level"):
        html = draw(record, name, compact)
        assert "&lt;b&gt;" in html and "<b>" not in html and 'x"' not in html, name
    assert draw(record, "name", compact) == SAFE and f">{SAFE}<" in draw(record, "parent", compact)


def test_each_kind_has_its_look():
    now = timezone.make_aware(datetime.datetime(2025, 3, 1, 9, 30))
    record = Account(
        phone="010-6530 1188",
        website="www.example.com/about/",
        is_person=False,
        annual_revenue=Decimal("1234.5"),
        currency="USD",
        parent=Account(pk=7, name="总部"),
        last_activity_at=now,
        level="vip",
    )
    with translation.override("en"):
        assert draw(record, "phone") == '<a href="tel:+861065301188">010 6530 1188</a>'
        assert 'href="https://www.example.com/about/"' in draw(record, "website")
        assert draw(record, "annual_revenue") == "$1,234.50"
        assert (
            draw(record, "parent") == '<a class="who" href="/customers/accounts/7/"><span class="ell">总部</span></a>'
        )
        assert draw(record, "is_person") == '<span class="muted">No</span>'
        assert draw(record, "level") == '<span class="pill plain">VIP</span>'
        iso = "2025-03-01T09:30:00+08:00"
        assert draw(record, "last_activity_at") == f'<time datetime="{iso}" title="2025-03-01 09:30">2025-03-01</time>'
        assert draw(record, "last_activity_at", compact=False) == f'<time datetime="{iso}">2025-03-01 09:30</time>'
    deal = Opportunity(stage=Stage(pk=1, name="方案", colour="teal"), close_date=datetime.date(2026, 5, 3))
    assert draw(deal, "stage") == '<span class="pill dot-teal">方案</span>'
    assert draw(deal, "close_date") == '<time datetime="2026-05-03">2026-05-03</time>'


def test_nothing_is_drawn_where_there_is_nothing():
    for name in ("phone", "website", "parent", "annual_revenue", "last_activity_at", "level"):
        assert draw(Account(), name) == ""
    assert draw(Account(employees=0), "employees") == "0"


def test_a_masked_value_is_nowhere_in_its_cell():
    record = Account(phone="13812345678", parent=Account(pk=7, name="北辰重工集团"))
    for name, secret in (("phone", "13812345678"), ("parent", "北辰重工集团"), ("parent", "/7/")):
        for compact in (True, False):
            html = draw(record, name, compact, Mode.MASKED)
            assert html and secret not in html and "href" not in html


def test_words_follow_the_language():
    field = field_of(Account, "is_person")
    said = []
    for language in ("en", "zh-hans", "en"):
        with translation.override(language):
            said.append(Painter(field).draw(Account(is_person=False)))
    assert "No" in said[0] and "否" in said[1] and said[0] == said[2]


def test_rows_may_be_edited_one_by_one():
    rows = [
        {"record": Account(name=n), "pk": pk, "name": n, "title": n, "url": f"/x/{pk}/", "editable": pk == "2"}
        for pk, n in (("1", "甲"), ("2", EVIL))
    ]
    fields = [field_of(Account, "phone"), field_of(Account, "employees")]
    first, second = draw_rows(rows, fields, "sq").split("</tr>")[:2]
    assert 'data-id="1"' in first and "data-cells" not in first and first.count("<td") == 4
    assert 'data-cells="/x/2/cell/"' in second and f'aria-label="{SAFE}"' in second and 'class="num"' in second


def test_the_line_of_a_change_is_escaped_and_names_the_field_where_there_are_several():
    entry = Entry(at=timezone.now(), title=EVIL, kind="customers.account.changed")
    place = Place(url="/x/")
    line = Line(entry, kind_of(entry.kind), own=False, entity_name="Account", place=place, see=registry.__getitem__)
    line.changes = [Change("name", "Name", EVIL, ""), Change("description", "Text", "a", f"{EVIL}\nb", long=True)]
    with translation.override("en"):
        html = entry_told(line)
        line.own, line.changes = True, line.changes[:1]
        alone = entry_told(line)
    assert "<b>" not in html and html.count(SAFE) == 3 and f"{SAFE}<br>b" in html
    assert f'<a href="/x/">Account {SAFE}</a>' in html and '<span class="now">–</span>' in html
    assert "Name:" in html and "Name:" not in alone and "The system changed Name" in alone


def test_a_mould_takes_only_values_as_they_are(monkeypatch):
    engine = Engine.get_default()
    monkeypatch.setattr(engine, "get_template", lambda name: engine.from_string("100% {{ text }}{{ given|upper }}"))
    form = mould("a.html", ("text",), ("given", "x"))
    assert fill(form, {"text": "<i>"}) == "100% &lt;i&gt;X"
    assert fill(form, {"text": mark_safe("<i>")}) == "100% <i>X"
    monkeypatch.setattr(engine, "get_template", lambda name: engine.from_string("{{ text|truncatechars:9 }}"))
    with pytest.raises(ValueError, match="b.html filters “text”"):
        mould("b.html", ("text",))
