"""When a note says something is due. Today is Wednesday, 12 November 2025."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.dates import due_phrase

TODAY = date(2025, 11, 12)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("明天给王总回电话", date(2025, 11, 13)),
        ("今天下午发报价", date(2025, 11, 12)),
        ("后天上午拜访", date(2025, 11, 14)),
        ("大后天再说", date(2025, 11, 15)),
        ("下周三前发合同", date(2025, 11, 19)),
        ("下下周一开会", date(2025, 11, 24)),
        ("周五交方案", date(2025, 11, 14)),
        ("本周五交方案", date(2025, 11, 14)),
        ("星期三再联系", date(2025, 11, 19)),
        ("下星期天", date(2025, 11, 23)),
        ("3天后跟进", date(2025, 11, 15)),
        ("三天后跟进", date(2025, 11, 15)),
        ("十二天之后", date(2025, 11, 24)),
        ("两周后再联系", date(2025, 11, 26)),
        ("3个月后续约", date(2026, 2, 12)),
        ("半个月后", date(2025, 11, 27)),
        ("月底付款", date(2025, 11, 30)),
        ("下月底付款", date(2025, 12, 31)),
        ("下个月初", date(2025, 12, 1)),
        ("年底前签约", date(2025, 12, 31)),
        ("季度末回款", date(2025, 12, 31)),
        ("11月30日签约", date(2025, 11, 30)),
        ("3月1日再谈", date(2026, 3, 1)),
        ("2026年1月5日上线", date(2026, 1, 5)),
        ("2026-01-05 上线", date(2026, 1, 5)),
        ("15号之前", date(2025, 11, 15)),
        ("5号之前", date(2025, 12, 5)),
        ("下月5号", date(2025, 12, 5)),
        ("下周联系", date(2025, 11, 17)),
        ("call back tomorrow", date(2025, 11, 13)),
        ("Meet next Wednesday", date(2025, 11, 19)),
        ("by Friday", date(2025, 11, 14)),
        ("in 3 days", date(2025, 11, 15)),
        ("in two weeks", date(2025, 11, 26)),
        ("a month later", date(2025, 12, 12)),
        ("end of month", date(2025, 11, 30)),
        ("Nov 30th", date(2025, 11, 30)),
        ("30 November", date(2025, 11, 30)),
        ("the day after tomorrow", date(2025, 11, 14)),
        ("后天寄样品，下周三回访", date(2025, 11, 14)),
        ("下週三", date(2025, 11, 19)),
        ("上周三见过", None),
        ("每周三例会", None),
        ("客户满意", None),
        ("3号楼", None),
        ("2月30日", None),
        ("", None),
    ],
)
def test_due(text, day):
    assert due_phrase(text, TODAY) == day


def test_month_ends():
    assert due_phrase("一个月后", date(2025, 1, 31)) == date(2025, 2, 28)
    assert due_phrase("31号", date(2025, 2, 3)) == date(2025, 2, 28)
    assert due_phrase("年底", date(2200, 12, 31)) == date(2200, 12, 31)
    assert due_phrase("明天", date(2200, 12, 31)) is None


@given(st.text(alphabet="下个周月年天日号后内前底三十12358-/. 明大every next friday in days", max_size=40))
def test_any_note(text):
    day = due_phrase(text, TODAY)
    assert day is None or 1900 <= day.year <= 2200
