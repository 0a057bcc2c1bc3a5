"""Reading, rounding and showing amounts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.money import format_money, parse_money, round_money, short_money

AMOUNTS = st.decimals(min_value=Decimal("-9999999999999.99"), max_value=Decimal("9999999999999.99"), places=2)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("¥1,234.50", "1234.50", "CNY"),
        ("￥ １，２３４", "1234.00", "CNY"),
        ("1.2万", "12000.00", None),
        ("1.2 万元", "12000.00", "CNY"),
        ("3亿", "300000000.00", None),
        ("3亿元整", "300000000.00", "CNY"),
        ("USD 5,000", "5000.00", "USD"),
        ("5000 usd", "5000.00", "USD"),
        ("$1.5M", "1500000.00", "USD"),
        ("HK$ 20k", "20000.00", "HKD"),
        ("(300)", "-300.00", None),
        ("(¥300.5)", "-300.50", "CNY"),
        ("-300", "-300.00", None),
        ("-¥300", "-300.00", "CNY"),
        ("¥-300", "-300.00", "CNY"),
        ("300-", "-300.00", None),
        ("−5", "-5.00", None),
        ("+5", "5.00", None),
        (".5", "0.50", None),
        ("100.", "100.00", None),
        ("1.005", "1.01", None),
        ("-1.005", "-1.01", None),
        ("JPY 100.5", "101", "JPY"),
        ("100 日元", "100", "JPY"),
        ("人民币 1,000 元", "1000.00", "CNY"),
        ("RMB 12", "12.00", "CNY"),
        ("12,34,567.8", "1234567.80", None),
        ("1,2345", "12345.00", None),
        ("1'234'567", "1234567.00", None),
        ("1 234 567", "1234567.00", None),
        ("1.2E+05", "120000.00", None),
        ("9,999,999,999,999,999.99", "9999999999999999.99", None),
        ("-0", "0.00", None),
        ("500万美元", "5000000.00", "USD"),
        ("1.5w", "15000.00", None),
    ],
)
def test_reading(text, amount, currency):
    assert parse_money(text) == (Decimal(amount), currency)
    assert str(parse_money(text)[0]) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "abc",
        "1,23",
        "1,234,5",
        "NaN",
        "Infinity",
        "1e99",
        "1.2.3",
        "10000000000000000",
        "9" * 5000,
        "(5",
        "--5",
        "(-5)",
        "5 apples",
    ]
    + ["¥", "1.2吨", "USD 5 EUR", "9999999999999999.999", "1 2", "٣", "=1+1", "1/2", "12%"],
)
def test_what_is_no_amount(text):
    with pytest.raises(ValueError):
        parse_money(text)


@given(AMOUNTS, st.sampled_from(["CNY", "USD", "CHF", "JPY", "HKD", "EUR"]))
def test_what_is_shown_reads_back(amount, currency):
    assert parse_money(format_money(amount, currency)) == (round_money(amount, currency), currency)


@given(st.text(max_size=80))
def test_any_text_is_an_amount_or_refused(text):
    try:
        amount, _currency = parse_money(text)
    except ValueError:
        return
    assert amount.is_finite() and abs(amount) < 10**16


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234567", "CNY", "¥1,234,567.00"),
        ("-300.5", "CNY", "-¥300.50"),
        ("0", "USD", "$0.00"),
        ("1234.5", "JPY", "JP¥1,235"),
        ("1234", "CHF", "CHF 1,234.00"),
        ("-0.001", "CNY", "¥0.00"),
    ],
)
def test_long(amount, currency, shown):
    assert format_money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("amount", "chinese", "english"),
    [
        ("0", "¥0", "¥0"),
        ("0.4", "¥0", "¥0"),
        ("-0.4", "¥0", "¥0"),
        ("9800", "¥9,800", "¥9.8K"),
        ("9999.6", "¥1 万", "¥10K"),
        ("1235000", "¥123.5 万", "¥1.24M"),
        ("99999999", "¥1 亿", "¥100M"),
        ("120000000", "¥1.2 亿", "¥120M"),
        ("-120000000", "-¥1.2 亿", "-¥120M"),
        ("1000000", "¥100 万", "¥1M"),
        ("999999", "¥100 万", "¥1M"),
        ("3400000000000", "¥3.4 万亿", "¥3,400B"),
    ],
)
def test_short(amount, chinese, english):
    assert short_money(Decimal(amount), "CNY", "zh-hans") == chinese
    assert short_money(Decimal(amount), "CNY", "en") == english


@given(AMOUNTS, st.sampled_from(["en", "zh-hans"]))
def test_short_reads_back_nearly(amount, language):
    read, _currency = parse_money(short_money(amount, "CNY", language))
    assert abs(read - amount) <= max(Decimal("0.51"), abs(amount) * Decimal("0.06"))
