"""Amounts in capitals, and back by a reader that knows nothing of how they are written."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.lib.capitals import DIGITS, rmb_capitals

KNOWN = {
    "0": "零元整",
    "0.05": "伍分",
    "0.50": "伍角整",
    "0.55": "伍角伍分",
    "1": "壹元整",
    "1.05": "壹元零伍分",
    "10": "壹拾元整",
    "100.5": "壹佰元伍角整",
    "1005.50": "壹仟零伍元伍角整",
    "1409.50": "壹仟肆佰零玖元伍角整",
    "6007.14": "陆仟零柒元壹角肆分",
    "10000": "壹万元整",
    "100000": "壹拾万元整",
    "107000.53": "壹拾万柒仟元伍角叁分",
    "16409.02": "壹万陆仟肆佰零玖元零贰分",
    "325.04": "叁佰贰拾伍元零肆分",
    "100000001": "壹亿零壹元整",
    "1000000000000": "壹万亿元整",
    "1200000000000": "壹万贰仟亿元整",
    "10020000": "壹仟零贰万元整",
}


@pytest.mark.parametrize(("amount", "text"), KNOWN.items())
def test_known_amounts(amount, text):
    assert rmb_capitals(Decimal(amount)) == "人民币" + text


def test_less_than_nothing_and_too_much():
    assert rmb_capitals(Decimal("-3.2")) == "人民币负叁元贰角整"
    assert rmb_capitals(Decimal("0.004")) == "人民币零元整"
    for much in ("1e16", "NaN", "Infinity", "1e400"):
        with pytest.raises(ValueError):
            rmb_capitals(Decimal(much))


def read(text: str) -> Decimal:
    """The amount that a text in capitals names."""
    match = re.fullmatch(r"人民币(?:(.+)元)?零?(?:([^零])角)?零?(?:(.)分)?整?", text)
    assert match, text
    whole, jiao, fen = match.groups()
    value = {digit: number for number, digit in enumerate(DIGITS)}
    return _number(whole or "", value) + Decimal(value[jiao or "零"]) / 10 + Decimal(value[fen or "零"]) / 100


def _number(text: str, value: dict[str, int]) -> int:
    for unit, size in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        if unit in text:
            before, _unit, after = text.rpartition(unit)
            return _number(before, value) * size + _number(after, value)
    return int("".join(str(value[sign]) for sign in text) or 0)


@given(st.integers(0, 10**18 - 1))
@example(10**17)
@example(100_000_000_000_100)
def test_what_is_written_can_be_read(cents):
    amount = Decimal(cents) / 100
    text = rmb_capitals(amount)
    assert read(text) == amount
    assert "零零" not in text
    assert not re.search("零[拾佰仟万亿角分]", text)
