"""Makes ``data/pinyin.txt`` from pypinyin's tables: ``python -m crm.lib.pinyin_data``.

pypinyin's own tables cost each process 70 MB and 0.4 s. What `pinyin` needs of them is 200 kB: one reading a
character, without tones, and the phrases that read otherwise than their characters do alone.
"""

import unicodedata
from pathlib import Path

from pypinyin.phrases_dict import phrases_dict
from pypinyin.pinyin_dict import pinyin_dict

PATH = Path(__file__).parent / "data" / "pinyin.txt"
_LONGEST_PHRASE = 5

# How a character reads in names, where the dictionary's first reading is another.
_IN_NAMES = dict(
    pair.split(":")
    for pair in "长:chang 曾:zeng 都:du 了:le 呢:ni 行:xing 晟:sheng 佛:fo 嗯:en 欸:ei 什:shi 堡:bao".split()
)
_PHRASES = dict(
    pair.split(":")
    for pair in (
        "长隆:chang-long 长盛:chang-sheng 长荣:chang-rong 支行:zhi-hang 投行:tou-hang 药行:yao-hang 琴行:qin-hang 朝阳:chao-yang 洪洞:hong-tong "
        "百色:bai-se 大夫:dai-fu 单县:shan-xian 给力:gei-li 绿色:lv-se 大城:da-cheng 什么:shen-me 佛像:fo-xiang"
    ).split()
)


def made() -> str:
    """``syllable characters`` a line, an empty line, then ``phrase syllable syllable …`` a line."""
    readings = {chr(code): _plain(value.split(",")[0]) for code, value in pinyin_dict.items()}
    readings = {character: syllable for character, syllable in readings.items() if syllable} | _IN_NAMES
    by_syllable: dict[str, list[str]] = {}
    for character, syllable in sorted(readings.items()):
        by_syllable.setdefault(syllable, []).append(character)
    phrases = {text: [_plain(syllable[0]) for syllable in value] for text, value in phrases_dict.items()}
    phrases |= {text: value.split("-") for text, value in _PHRASES.items()}
    kept = {
        text: syllables
        for text, syllables in phrases.items()
        if 1 < len(text) <= _LONGEST_PHRASE
        and len(text) == len(syllables)
        and (text in _PHRASES or [readings.get(character) for character in text] != syllables)
    }
    lines = [f"{syllable} {''.join(characters)}" for syllable, characters in sorted(by_syllable.items())]
    lines += ["", *(f"{text} {' '.join(syllables)}" for text, syllables in sorted(kept.items()))]
    return "\n".join(lines) + "\n"


def _plain(syllable: str) -> str:
    """The syllable without its tone: lǚ → lv."""
    letters = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


if __name__ == "__main__":
    PATH.write_text(made(), encoding="utf-8")
