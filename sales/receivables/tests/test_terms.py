"""What people write as payment terms, and what it comes to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from sales.receivables.terms import amounts, parse

TODAY = date(2026, 11, 22)
READ = {
    "30% 签约后 7 天, 60% 验收, 10% 质保 12 个月": [(30, "signing", 7, 0), (60, "acceptance", 0, 0), (10, "acceptance", 0, 12)],
    "首付30%，余款发货前付清": [(30, "signing", 0, 0), (70, "delivery", 0, 0)],
    "一次性付清": [(100, "signing", 0, 0)],
    "": [(100, "signing", 0, 0)],
    "30% 7 days after signing, 70% on delivery": [(30, "signing", 7, 0), (70, "delivery", 0, 0)],
    "50% deposit, balance within 30 days of delivery": [(50, "signing", 0, 0), (50, "delivery", 30, 0)],
    "月结30天": [(100, "invoice", 30, 0)],
    "Net 30": [(100, "invoice", 30, 0)],
    "款到发货": [(100, "signing", 0, 0)],
    "预付三成，验收合格后10个工作日内付60%，质保期满一年付10%": [
        (30, "signing", 0, 0), (60, "acceptance", 10, 0), (10, "acceptance", 0, 12),
    ],
    "合同签订后付50%；发货前付40%；余款验收后30天内付清": [
        (50, "signing", 0, 0), (40, "delivery", 0, 0), (10, "acceptance", 30, 0),
    ],
    "Paid in full on signing": [(100, "signing", 0, 0)],
    "10% retention 12 months, 90% on acceptance": [(10, "acceptance", 0, 12), (90, "acceptance", 0, 0)],
}  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_terms_are_read(text):
    found = [(term.ratio, term.event, term.days, term.months) for term in parse(text, today=TODAY)]
    assert found == READ[text]


def test_a_series_falls_on_days():
    terms = parse("3 期，每月 1 日", today=TODAY)
    assert [term.fixed_on for term in terms] == [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)]
    assert amounts(terms, Decimal("100000"), "CNY") == [Decimal("33333.34"), Decimal("33333.33"), Decimal("33333.33")]
    assert [term.fixed_on for term in parse("2 期，每月 31 日", today=TODAY)] == [
        date(2026, 11, 30),
        date(2026, 12, 31),
    ]
    assert [term.months for term in parse("4 quarterly instalments", today=TODAY)] == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("30% 签约, 70% 外星人来时", "70% 外星人来时"),
        ("30% after signing, 70% when pigs fly", "70% when pigs fly"),
        ("30% 签约, 60% 验收", "90 %"),
        ("30% + 60%", "90 %"),
        ("余款发货, 余款验收", "余款验收"),
        ("120% 签约", "120"),
        ("请按附件执行", "请按附件执行"),
        ("2027-02-30 付 100%", "2027-02-30"),
    ],
)
def test_what_is_not_understood_is_named(text, told):
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        parse(text, today=TODAY)
    assert told in refused.value.messages[0]


def test_fixed_amounts_and_what_is_left():
    terms = parse("定金 5,000 元，余款货到付清", today=TODAY)
    assert amounts(terms, Decimal("12345.67"), "CNY") == [Decimal(5000), Decimal("7345.67")]
    with pytest.raises(ValidationError):
        amounts(terms, Decimal("4999.99"), "CNY")


def test_cents_and_yen_add_up():
    terms = parse("30% 签约后 7 天, 60% 验收, 10% 质保 12 个月", today=TODAY)
    assert amounts(terms, Decimal("0.05"), "CNY") == [Decimal("0.02"), Decimal("0.03"), Decimal("0.00")]
    assert sum(amounts(terms, Decimal("1001"), "JPY")) == 1001
