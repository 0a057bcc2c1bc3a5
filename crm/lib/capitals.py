"""Amounts of yuan in capitals (大写金额), as contracts, receipts and invoices write them."""

from __future__ import annotations

from decimal import Decimal

from crm.lib.money import LIMIT, round_money

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")


def rmb_capitals(amount: Decimal) -> str:
    """``人民币壹仟零伍元伍角整``: to the fen, 整 unless fen are named, 零 where places are left out. ValueError from 10^16 on.

    After the rules for filling in bills (支付结算办法, annex 1): zeros in a row are read as one; 0.05 is 伍分, 1.05 is 壹元零伍分.
    """
    rounded = round_money(Decimal(amount))
    if abs(rounded) >= LIMIT:
        raise ValueError(amount)
    cents = int(abs(rounded) * 100)
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        text += f"{DIGITS[jiao]}角"
    elif fen and yuan:
        text += DIGITS[0]
    text += f"{DIGITS[fen]}分" if fen else "整"
    if not cents:
        text = "零元整"
    return f"人民币{'负' if rounded < 0 else ''}{text}"


def _whole(number: int) -> str:
    """A whole number in capitals; groups of four, zeros in a row read once."""
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in reversed(range(len(groups))):
        group = groups[index]
        if not group:
            gap = bool(text)
            # 万亿 without 亿 still has to name its 亿: 壹万亿零…
            continue
        if text and (gap or group < 1000):
            text += DIGITS[0]
        gap = False
        text += _group(group) + (_unit(index, groups))
    return text


def _unit(index: int, groups: list[int]) -> str:
    """万 of 亿 is 万 alone where 亿 follow (壹万贰仟亿), else 万亿."""
    if index == 3:
        return "万" if groups[2] else "万亿"
    return GROUPS[index]


def _group(group: int) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit:
            text += (DIGITS[0] if gap and text else "") + DIGITS[digit] + PLACES[place]
            gap = False
        else:
            gap = True
    return text
