"""Dates, moments, numbers, per cent and yes/no from texts."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.dates import decide_date_order, parse_boolean, parse_date, parse_datetime, parse_number, parse_percent

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = st.dates(date(1970, 1, 1), date(2069, 12, 31))
MARCH = date(2025, 3, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2025年3月1日",
        "2025年03月01号",
        "2025 年 3 月 1 日",
        "25年3月1日",
        "2025/3/1",
        "2025-03-01",
        "2025.3.1",
        "20250301",
        "２０２５／３／１",
    ]
    + [
        "2025-03-01T08:30:00Z",
        "2025-03-01 08:30",
        "2025/3/1 8:30:15",
        "2025年3月1日 星期六",
        "2025年3月1日（周六）上午8点30分",
        "2025-03-01 00:00:00",
    ]
    + ["1 March 2025", "March 1, 2025", "1-Mar-2025", "1st Mar 2025", " 2025-03-01 "],
)
def test_dates_that_need_no_order(text):
    assert parse_date(text) == MARCH


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("01-03-17", "DMY", date(2017, 3, 1)),
        ("01-03-17", "MDY", date(2017, 1, 3)),
        ("01-03-17", "YMD", date(2001, 3, 17)),
        ("1/3/2017", "DMY", date(2017, 3, 1)),
        ("31.12.99", "DMY", date(1999, 12, 31)),
        ("1/3/2017 12:30 PM", "MDY", date(2017, 1, 3)),
        ("2017-03-01", "DMY", date(2017, 3, 1)),
    ],
)
def test_dates_by_order(text, order, day):
    assert parse_date(text, order) == day


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        ("01-03-17", None, "several ways"),
        ("3月1日", None, "no year"),
        ("3-1", None, "no year"),
        ("2025-02-30", None, "not a date"),
        ("0001-01-01", None, "1900 to 2200"),
        ("2201-01-01", None, "1900 to 2200"),
        ("13-13-13", "DMY", "not a date"),
        ("45000", None, "not a date"),
        ("", None, "not a date"),
        ("明天", None, "not a date"),
        ("9" * 5000, None, "not a date"),
        ("2025-03/01", None, "not a date"),
        ("2017-03-01-05", "YMD", "not a date"),
        ("٢٠٢٥-٠٣-٠١", None, "not a date"),
    ],
)
def test_what_is_no_date(text, order, reason):
    with pytest.raises(ValueError, match=reason):
        parse_date(text, order)


def test_excel_serials_only_when_asked():
    assert parse_date("45717", serials=True) == MARCH
    assert parse_date("45717.75", serials=True) == MARCH
    assert parse_datetime("45717.75", SHANGHAI, serials=True) == datetime(2025, 3, 1, 18, tzinfo=SHANGHAI)
    with pytest.raises(ValueError):
        parse_date("999999", serials=True)


@given(DAYS, st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%d %B %Y"]))
def test_dates_read_back(day, style):
    assert parse_date(day.strftime(style)) == day


@given(DAYS, st.sampled_from([("DMY", "%d-%m-%y"), ("MDY", "%m/%d/%Y"), ("YMD", "%y.%m.%d")]))
def test_dates_read_back_by_order(day, styled):
    order, style = styled
    assert parse_date(day.strftime(style), order) == day


@given(st.text(max_size=80), st.sampled_from([None, "DMY", "MDY", "YMD"]), st.booleans())
def test_any_text_is_a_date_or_refused(text, order, serials):
    try:
        day = parse_date(text, order, serials=serials)
    except ValueError:
        return
    assert 1900 <= day.year <= 2200


@pytest.mark.parametrize(
    ("values", "decided"),
    [
        (["20-10-16", "25-10-16", "11-03-17", "", "01-03-17"], ("DMY", False)),
        (["03/25/2017", "04/01/2017"], ("MDY", False)),
        (["25/03/2017", "01/04/2017"], ("DMY", False)),
        (["17-03-25", "17-04-30", "18-01-31"], ("YMD", False)),
        (["2025-03-01", "2025年3月1日", ""], (None, False)),
        (["13-13-13", "40-40-40"], (None, True)),
        ([], (None, False)),
        (["无", "待定"], (None, False)),
    ],
)
def test_the_order_of_a_column(values, decided):
    assert decide_date_order(values) == decided


def test_a_column_that_could_be_either_is_ambiguous():
    order, ambiguous = decide_date_order(["01/02/2017", "03/04/2017", "05/06/2017"])
    assert order in {"DMY", "MDY"} and ambiguous


def test_a_slip_of_the_pen_does_not_turn_a_column():
    values = [(date(2016, 1, 1) + timedelta(days=number)).strftime("%d-%m-%y") for number in range(2000)]
    assert decide_date_order([*values, "31-02-16"]) == ("DMY", False)


@given(
    st.lists(DAYS.filter(lambda day: 2000 <= day.year <= 2030), min_size=60, max_size=60, unique=True),
    st.sampled_from(["DMY", "MDY"]),
)
def test_the_order_of_many_days_reads_them_all(days, order):
    style = {"DMY": "%d/%m/%Y", "MDY": "%m/%d/%Y"}[order]
    decided, ambiguous = decide_date_order([day.strftime(style) for day in days])
    assert decided == order or ambiguous


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-01T08:30:00Z", datetime(2025, 3, 1, 8, 30, tzinfo=UTC)),
        ("2025-03-01T08:30:00+05:30", datetime(2025, 3, 1, 8, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ("2025-03-01 08:30", datetime(2025, 3, 1, 8, 30, tzinfo=SHANGHAI)),
        ("2025/3/1 20:05:09", datetime(2025, 3, 1, 20, 5, 9, tzinfo=SHANGHAI)),
        ("2025年3月1日下午3点", datetime(2025, 3, 1, 15, tzinfo=SHANGHAI)),
        ("2025年3月1日 下午3:30", datetime(2025, 3, 1, 15, 30, tzinfo=SHANGHAI)),
        ("2025-03-01", datetime(2025, 3, 1, tzinfo=SHANGHAI)),
        ("March 1, 2025 12:10 am", datetime(2025, 3, 1, 0, 10, tzinfo=SHANGHAI)),
        ("2025-03-01T08:30:00.123456", datetime(2025, 3, 1, 8, 30, tzinfo=SHANGHAI)),
    ],
)
def test_moments(text, moment):
    assert parse_datetime(text, SHANGHAI) == moment


@pytest.mark.parametrize("text", ["2025-03-01 25:00", "2025-03-01 08:61", "08:30", ""])
def test_what_is_no_moment(text):
    with pytest.raises(ValueError, match="not a date"):
        parse_datetime(text, SHANGHAI)


@given(st.text(max_size=80))
def test_any_text_is_a_moment_or_refused(text):
    try:
        assert parse_datetime(text, SHANGHAI, "DMY", serials=True).tzinfo
    except ValueError:
        return


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.5", "1234.5"),
        ("-3", "-3"),
        ("1.2e5", "1.2e5"),
        ("１２", "12"),
        ("5.", "5"),
        ("1 000", "1000"),
        ("-0", "0"),
    ],
)
def test_numbers(text, number):
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "NaN", "1e99", "Infinity", "1,23", "abc", "9" * 5000, "9" * 31, "0x10", "1_000", "٣", "--1", "."]
)
def test_what_is_no_number(text):
    with pytest.raises(ValueError):
        parse_number(text)


def test_percent():
    assert parse_percent("12.5%") == parse_percent("12.5 ％") == parse_percent("12.5") == Decimal("12.5")
    with pytest.raises(ValueError):
        parse_percent("%")


def test_yes_and_no():
    assert all(parse_boolean(text) for text in ["是", "Yes", "YES ", "1", "√", "true", "1.0", "有", "Ｙ"])
    assert not any(parse_boolean(text) for text in ["否", "No", "0", "×", "FALSE", "无", "n"])
    for text in ("", "maybe", "2", "yes" * 1000):
        with pytest.raises(ValueError):
            parse_boolean(text)
