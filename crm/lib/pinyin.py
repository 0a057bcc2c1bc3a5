"""Pinyin of names, for sorting and searching: fast, per character and phrase, surnames read right.

Readings come from pypinyin's tables by way of ``data/pinyin.txt`` (see `pinyin_data`); most names cost one
dictionary look-up a character. ü is written v (吕 → lv).
"""

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from .folding import fold, simplified_table

_DATA = Path(__file__).parent / "data" / "pinyin.txt"
_SURNAMES = dict(
    pair.split(":")
    for pair in (
        "曾:zeng 单:shan 仇:qiu 解:xie 查:zha 区:ou 任:ren 盖:ge 覃:qin 朴:piao 华:hua 翟:zhai 乐:yue 员:yun 贠:yun 缪:miao 洗:xian 冼:xian "
        "逄:pang 黑:he 尉:wei 种:chong 重:chong 秘:bi 折:she 繁:po 召:shao 燕:yan 薄:bo 葛:ge 过:guo 纪:ji 祭:zhai 阚:kan 隗:wei 郇:xun 那:na 能:nai "
        "粘:nian 牟:mu 佴:nai 乜:nie 宿:su 券:xuan 撒:sa 晟:cheng 谌:chen 郗:xi 相:xiang 郤:xi 尹:yin 句:gou 炅:gui 会:gui 车:che 晁:chao 幺:yao "
        "莘:shen 蕃:pi 降:jiang 适:kuo 褚:chu 参:can 曲:qu 给:ji 藏:zang 盛:sheng 朝:chao 都:du 呙:guo 妫:gui 缑:gou 郝:hao 臧:zang"
    ).split()
)
_COMPOUND_SURNAMES = {
    surname: reading.split("-")
    for surname, reading in (
        pair.split(":")
        for pair in (
            "尉迟:yu-chi 万俟:mo-qi 长孙:zhang-sun 单于:chan-yu 澹台:tan-tai 欧阳:ou-yang 司马:si-ma 上官:shang-guan 诸葛:zhu-ge 东方:dong-fang 皇甫:huang-fu "
            "公孙:gong-sun 慕容:mu-rong 令狐:ling-hu 宇文:yu-wen 夏侯:xia-hou 司徒:si-tu 司空:si-kong 轩辕:xuan-yuan 呼延:hu-yan 端木:duan-mu 百里:bai-li "
            "南宫:nan-gong 独孤:du-gu 拓跋:tuo-ba 赫连:he-lian 闻人:wen-ren 钟离:zhong-li 鲜于:xian-yu 闾丘:lv-qiu 濮阳:pu-yang 淳于:chun-yu 太叔:tai-shu "
            "申屠:shen-tu 公羊:gong-yang 宗政:zong-zheng 完颜:wan-yan 纳兰:na-lan 耶律:ye-lv 哥舒:ge-shu 宰父:zai-fu 谷梁:gu-liang 穀梁:gu-liang 乐正:yue-zheng "
            "漆雕:qi-diao 公冶:gong-ye 亓官:qi-guan 司寇:si-kou 仉督:zhang-du 颛孙:zhuan-sun 巫马:wu-ma 公西:gong-xi 壤驷:rang-si 公良:gong-liang 夹谷:jia-gu "
            "段干:duan-gan 东郭:dong-guo 南门:nan-men 羊舌:yang-she 微生:wei-sheng 梁丘:liang-qiu 左丘:zuo-qiu 西门:xi-men 第五:di-wu 叔孙:shu-sun 仲孙:zhong-sun 佟佳:tong-jia"
        ).split()
    )
}
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_LATIN_RUN = re.compile(r"[^\W_]+")


class Pinyin(NamedTuple):
    """``key`` sorts, ``full`` and ``initials`` are searched; all lower case."""

    key: str
    full: str
    initials: str


def pinyin_key(name: str, *, person: bool = False) -> str:
    """The sort key: syllables joined, letters and digits kept, one space between Latin words."""
    return _pinyin(name, person).key


def pinyin_forms(name: str, *, person: bool = False) -> tuple[str, str]:
    """Full pinyin and initials without spaces; Latin words and numbers stand whole in both."""
    forms = _pinyin(name, person)
    return forms.full, forms.initials


def pinyin_readings(name: str, *, person: bool = False) -> list[Pinyin]:
    """Every way the name may be read, the usual one first: a company may begin with a surname (仇家湾: chou…, qiu…)."""
    usual = _pinyin(name, person)
    if person or not _begins_with_surname(name):
        return [usual]
    other = _pinyin(name, True)
    return [usual] if other.full == usual.full else [usual, other]


def _begins_with_surname(name: str) -> bool:
    """Whether the first characters are a surname that reads unlike the same characters elsewhere."""
    start = unicodedata.normalize("NFKC", name.strip()[:2]).translate(simplified_table())
    return start[:1] in _SURNAMES or start in _COMPOUND_SURNAMES


def pinyin_many(names: Iterable[str], *, person: bool = False) -> list[Pinyin]:
    """All three forms of each name."""
    return [_pinyin(name, person) for name in names]


@lru_cache(maxsize=20_000)
def _pinyin(name: str, person: bool) -> Pinyin:
    """The forms of one name."""
    tables = _tables()
    if name.isascii():
        words = _LATIN_RUN.findall(name.lower())
        full = "".join(words)
        return Pinyin(" ".join(words), full, full)
    original = unicodedata.normalize("NFKC", name)
    if person:
        original = _BETWEEN_HAN.sub("", original.strip())
    simple = original.translate(tables.simple)
    syllables = tables.read_person(original, simple) if person else tables.read(original, simple)
    return _joined(original, syllables)


def _joined(text: str, syllables: list[str | None]) -> Pinyin:
    """The forms from a syllable (or None) for each character of the text."""
    pieces: list[tuple[str, bool]] = []
    word = ""
    for character, syllable in zip(text, syllables, strict=True):
        if syllable is None and (character.isalnum() or unicodedata.combining(character)):
            word += character
            continue
        if word:
            pieces.append((fold(word), True))
            word = ""
        if syllable:
            pieces.append((syllable, False))
    if word:
        pieces.append((fold(word), True))
    key = ""
    after_word = False
    for piece, is_word in pieces:
        key += f" {piece}" if is_word and after_word else piece
        after_word = is_word
    initials = "".join(piece if is_word else piece[0] for piece, is_word in pieces)
    return Pinyin(key, "".join(piece for piece, _ in pieces), initials)


class _Tables:
    """Readings of characters and of the phrases that read differently."""

    def __init__(self) -> None:
        self.simple = simplified_table()
        characters, _empty, phrases = _DATA.read_text(encoding="utf-8").partition("\n\n")
        self.readings: dict[str, str] = {}
        for line in characters.splitlines():
            syllable, _space, several = line.partition(" ")
            self.readings |= dict.fromkeys(several, sys.intern(syllable))
        self.phrases: dict[str, list[str]] = {}
        for line in phrases.splitlines():
            text, *syllables = line.split(" ")
            self.phrases[text] = syllables
        self.first = {text[0] for text in self.phrases}
        self.inside = {
            character
            for text, syllables in self.phrases.items()
            for character, syllable in zip(text, syllables, strict=True)
            if self.readings.get(character) != syllable
        }
        self.longest = max(map(len, self.phrases))

    def read(self, original: str, simple: str) -> list[str | None]:
        """A syllable for each character; None where it has none."""
        readings = self.readings
        syllables = [readings.get(a) or readings.get(b) for a, b in zip(original, simple, strict=True)]
        if not self.inside.isdisjoint(simple):
            self._apply_phrases(simple, syllables)
        return syllables

    def _apply_phrases(self, simple: str, syllables: list[str | None]) -> None:
        """The longest phrase from the left wins."""
        start, end = 0, len(simple)
        while start < end - 1:
            step = 1
            if simple[start] in self.first:
                for length in range(min(self.longest, end - start), 1, -1):
                    found = self.phrases.get(simple[start : start + length])
                    if found:
                        syllables[start : start + length] = found
                        step = length
                        break
            start += step

    def read_person(self, original: str, simple: str) -> list[str | None]:
        """Like `read`, the surname by its own table."""
        surname: list[str] = []
        if len(simple) > 2 and simple[:2] in _COMPOUND_SURNAMES:
            surname = _COMPOUND_SURNAMES[simple[:2]]
        elif original[:1] in _SURNAMES or simple[:1] in _SURNAMES:
            surname = [_SURNAMES.get(original[0]) or _SURNAMES[simple[0]]]
        given = self.read(original[len(surname) :], simple[len(surname) :])
        return [*surname, *given]


@cache
def _tables() -> _Tables:
    return _Tables()
