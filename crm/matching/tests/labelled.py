"""Pairs of companies of which one knows whether they are the same, made from a seed: how people really misspell, and what only looks alike.

Nothing here knows how the scoring works; each maker says what happened to a name, or why the other one is another company.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from opencc import OpenCC

from crm.lib.pinyin import pinyin_forms
from crm.lib.uscc import ALPHABET, check_character

_CHARACTERS = "信程永闽瑞景科珠博泉中润康象宏晟森嘉磊创鲁达辰远山海洋智联华盛泰安恒通金鼎天成佳美云帆星辰锦绣长青万达瑞丰启明卓越凯旋顺风飞鹰蓝天绿洲"
_TRADES = "科技 新能源 电子 环境工程 教育咨询 精密仪器 医疗器械 冷链物流 网络科技 农业科技 橡胶 建材 重工 食品 生物医药 软件 装饰工程 国际贸易 餐饮管理 信息技术".split()
_PLACES = "北京 上海 深圳 广州 杭州 苏州 武汉 成都 青岛 厦门 西安 沈阳 无锡 佛山 合肥".split()
_PROVINCE = {
    "深圳": "广东",
    "广州": "广东",
    "杭州": "浙江",
    "苏州": "江苏",
    "武汉": "湖北",
    "成都": "四川",
    "青岛": "山东",
}
_DISTRICTS = "朝阳 海淀 浦东 福田 天河 西湖 高新 滨江".split()
_FORMS = "有限公司 有限责任公司 股份有限公司 集团有限公司".split()
_ENGLISH = "Acme Northwind Bluepeak Silverline Redwood Orion Vertex Quantum Harbor Summit Crestview Ironbridge Lakeshore Meridian Pinnacle".split()
_ENGLISH_TRADES = "Robotics Logistics Instruments Chemicals Foods Software Textiles Energy Packaging Aerospace".split()
_ENGLISH_FORMS = ["Co., Ltd.", "Inc.", "Limited", "LLC", "Corporation", "GmbH", "Pte. Ltd."]
_SLIPS = "科颗珂 程成城诚 信欣新鑫 永勇咏 瑞锐睿 景锦晶 博勃铂 润闰 宏鸿洪弘 晟盛圣 嘉佳家 创闯 达答 辰晨臣 远元源 海孩 智志致 联连莲 华桦 泰太 安氨 恒衡横 通同 金今 鼎顶 星兴 启起 明名铭 卓灼 凯楷 顺舜 飞非 蓝兰".split()


@dataclass(frozen=True)
class Pair:
    """Two companies as they were entered, whether they are one, and what was done."""

    one: dict[str, Any]
    other: dict[str, Any]
    same: bool
    how: str


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2t")


def pairs(seed: int = 7, companies: int = 400) -> list[Pair]:
    """The labelled pairs: about as many that are the same as hard ones that are not."""
    rng = random.Random(seed)
    found: list[Pair] = []
    for _number in range(companies):
        found += _chinese(rng)
        found += _english(rng)
        found += _numbers(rng)
    return found


def credit_code(rng: random.Random) -> str:
    """A valid code that belongs to nobody in particular."""
    first = f"9{rng.choice('123')}" + "".join(rng.choices("0123456789", k=6)) + "".join(rng.choices(ALPHABET, k=9))
    return first + check_character(first)


def _phone(rng: random.Random) -> str:
    return f"+861{rng.choice('3578')}" + "".join(rng.choices("0123456789", k=9))


def _brand(rng: random.Random, least: int = 2) -> str:
    return "".join(rng.sample(_CHARACTERS, rng.choice([max(2, least), max(3, least), 3, max(4, least)])))


def _other(rng: random.Random, values: list[str], but: str) -> str:
    return rng.choice([value for value in values if value != but])


def _chinese(rng: random.Random) -> Iterator[Pair]:
    brand, trade, place, form = _brand(rng), rng.choice(_TRADES), rng.choice(_PLACES), rng.choice(_FORMS)
    full = f"{place}{brand}{trade}{form}"
    spellings = {
        "without the form": f"{place}{brand}{trade}",
        "without place and form": f"{brand}{trade}",
        "another form": f"{place}{brand}{trade}{_other(rng, _FORMS, form)}",
        "place with 市": f"{place}市{brand}{trade}{form}",
        "place in brackets": f"{brand}{trade}（{place}）{form}",
        "province too": f"{_PROVINCE.get(place, '')}{'省' if place in _PROVINCE else ''}{place}市{brand}{trade}{form}",
        "traditional": _traditional().convert(full),
        "spaces and width": " ".join(full).replace("有 限 公 司", "有限公司"),
        "brackets of ASCII": f"{brand}{trade}({place}){form}",
    }
    if len(brand) >= 4:
        spellings["a character left out"] = f"{place}{brand[:2]}{brand[3:]}{trade}{form}"
    slip = _slip(rng, brand)
    if slip:
        spellings["slip of the input method"] = f"{place}{slip}{trade}{form}"
    how, spelling = rng.choice(list(spellings.items()))
    yield Pair({"name": full}, {"name": spelling}, True, how)
    if len(brand) >= 3:
        yield Pair({"name": full}, {"name": f"{place}{brand}"}, True, "only the brand")
    yield from _chinese_others(rng, brand, trade, place, form)


def _slip(rng: random.Random, brand: str) -> str:
    """The brand with one character of the same sound in place of another; "" where there is none."""
    for number in rng.sample(range(len(brand)), len(brand)):
        group = next((group for group in _SLIPS if brand[number] in group), "")
        for other in group:
            if other != brand[number] and pinyin_forms(other)[0] == pinyin_forms(brand[number])[0]:
                return brand[:number] + other + brand[number + 1 :]
    return ""


def _chinese_others(rng: random.Random, brand: str, trade: str, place: str, form: str) -> Iterator[Pair]:
    full = f"{place}{brand}{trade}{form}"
    elsewhere, district = _other(rng, _PLACES, place), rng.sample(_DISTRICTS, 2)
    changed = brand[:-1] + rng.choice([c for c in _CHARACTERS if pinyin_forms(c)[0] != pinyin_forms(brand[-1])[0]])
    others = {
        "another city": (full, f"{elsewhere}{brand}{trade}{form}"),
        "a branch": (full, f"{brand}{trade}{form}{elsewhere}分公司"),
        "company and branch": (f"{place}{brand}", f"{brand}{elsewhere}分公司"),
        "two branches": (f"{brand}银行{district[0]}支行", f"{brand}银行{district[1]}支行"),
        "two branches of one city": (f"{brand}银行{place}{district[0]}支行", f"{brand}银行{place}{district[1]}支行"),
        "another trade": (full, f"{place}{brand}{_other(rng, _TRADES, trade)}{form}"),
        "a subsidiary": (f"{brand}{trade}{form}", f"{brand}{rng.choice(['终端', '金服', '优选', '智家'])}{form}"),
        "one character": (full, f"{place}{changed}{trade}{form}"),
        "a number": (f"{place}第一{trade}厂", f"{place}第二{trade}厂"),
        "bureaus": (f"{brand[:2]}三局集团{form}", f"{brand[:2]}八局集团{form}"),
        "a bank of the place": (f"{place}银行", f"{elsewhere}银行"),
        "same trade and place": (full, f"{place}{_brand(rng)}{trade}{form}"),
    }
    for how in rng.sample(list(others), 2):
        yield Pair({"name": others[how][0]}, {"name": others[how][1]}, False, how)
    codes = credit_code(rng), credit_code(rng)
    yield Pair({"name": full, "tax_id": codes[0]}, {"name": full, "tax_id": codes[1]}, False, "another tax id")


def _english(rng: random.Random) -> Iterator[Pair]:
    brand, trade, form = rng.choice(_ENGLISH), rng.choice(_ENGLISH_TRADES), rng.choice(_ENGLISH_FORMS)
    full = f"{brand} {trade} {form}"
    number = rng.randrange(1, len(trade) - 2)
    spellings = {
        "capitals": full.upper(),
        "another form": f"{brand} {trade} {_other(rng, _ENGLISH_FORMS, form)}",
        "without the form": f"{brand} {trade}",
        "with the": f"The {brand} {trade}, {form}",
        "place in brackets": f"{brand} {trade} (Shanghai) {form}",
        "a letter left out": f"{brand} {trade[:number]}{trade[number + 1 :]} {form}",
        "letters turned": f"{brand} {trade[:number]}{trade[number + 1]}{trade[number]}{trade[number + 2 :]} {form}",
        "full width": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in full),
    }
    how, spelling = rng.choice(list(spellings.items()))
    yield Pair({"name": full}, {"name": spelling}, True, how)
    others = {
        "another trade": f"{brand} {_other(rng, _ENGLISH_TRADES, trade)} {form}",
        "another brand": f"{_other(rng, _ENGLISH, brand)} {trade} {form}",
    }
    how, name = rng.choice(list(others.items()))
    yield Pair({"name": full}, {"name": name}, False, how)
    cities = f"{brand} {trade} (Shanghai) {form}", f"{brand} {trade} (Beijing) {form}"
    yield Pair({"name": cities[0]}, {"name": cities[1]}, False, "another city")


def _numbers(rng: random.Random) -> Iterator[Pair]:
    """The same company under another name by its numbers; and numbers that say nothing."""
    phone, code, domain = _phone(rng), credit_code(rng), f"{rng.choice(_ENGLISH).lower()}{rng.randrange(99)}.com"
    one, other = f"{_brand(rng)}{rng.choice(_TRADES)}有限公司", f"{_brand(rng)}商行"
    known = {
        "a phone": ({"phone": phone}, {"phone": phone.removeprefix("+86")}),
        "a tax id": ({"tax_id": code}, {"tax_id": f"{code[:6]} {code[6:]}".lower()}),
        "an e-mail": ({"email": f"info@{domain}"}, {"email": f"Info@{domain.upper()}"}),
    }
    how, (a, b) = rng.choice(list(known.items()))
    yield Pair({"name": one, **a}, {"name": other, **b}, True, f"{how} in common")
    void = {
        "a domain alone": ({"website": f"https://{domain}"}, {"email": f"sales@{domain}"}),
        "a public mailbox": ({"email": "wang@163.com"}, {"email": "li@163.com"}),
        "an extension": ({"phone": "+862112345678;ext=801"}, {"phone": "+862112345678;ext=802"}),
    }
    how, (a, b) = rng.choice(list(void.items()))
    yield Pair({"name": one, **a}, {"name": other, **b}, False, how)
