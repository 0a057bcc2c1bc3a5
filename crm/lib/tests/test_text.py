"""Folding, cleaning, company keys and domains."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.folding import simplified_table
from crm.lib.text import clean_line, clean_text, domain_of, fold, is_public_domain, normalise_company

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("聯想集團（臺灣）", "联想集团(台湾)"),
        ("  a\t\n b ", "a b"),
        ("ab\u200bc\u202ed\ufeff\x00\x7f", "abcd"),
        ("Straße ﬁn", "straße fin"),
        ("乾 後 裏", "干 后 里"),
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
    fold(text).encode()


def test_every_traditional_character_folds_once_and_for_all():
    for code in simplified_table():
        assert fold(fold(chr(code))) == fold(chr(code))


@given(st.text(alphabet="臺灣後華為電腦ＡＢａ１２", max_size=8), st.text(alphabet="臺灣後華為電腦ＡＢ", max_size=8))
def test_the_fold_of_a_part_is_part_of_the_fold(first, second):
    assert fold(first) in fold(first + second)
    assert fold(second) in fold(first + second)


def test_clean_line():
    assert clean_line("  华为\r\n技术\u202e\u200b ") == "华为 技术"
    assert clean_line("e\u0301") == "é"
    assert clean_line("☎️ 1") == "☎️ 1"
    assert clean_line("a\x01\x0b\ufffeb") == "ab"
    assert clean_line(" plain  text ") == "plain  text"


def test_clean_text_keeps_lines():
    assert clean_text(" 一\r\n\r\n  二\t三 \r四\u2066\n") == "一\n\n  二\t三\n四"


@pytest.mark.parametrize("text", ["a\x00b", "客\ud800户"])
@pytest.mark.parametrize("clean", [clean_line, clean_text])
def test_what_cannot_be_stored_is_refused(clean, text):
    with pytest.raises(ValueError, match="cannot be stored"):
        clean(text)


@given(ANY_TEXT)
def test_cleaned_text_can_be_stored(text):
    try:
        cleaned = clean_line(text)
    except ValueError:
        return
    assert "\x00" not in cleaned and "\n" not in cleaned
    assert clean_line(cleaned) == cleaned
    cleaned.encode()


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "华为技术有限公司",
            "華為技術有限公司",
            "深圳华为技术",
            "深圳市华为技术有限公司",
            "广东省深圳市华为技术有限责任公司",
            "华为技术 有限公司",
        ],
        ["北京字节跳动科技有限公司", "字节跳动科技", "北京市字节跳动科技有限责任公司"],
        ["阿里巴巴（中国）有限公司", "阿里巴巴(中国)", "阿里巴巴·中国 有限公司"],
        ["腾讯公司", "腾讯", "腾讯集团", "腾讯集团有限公司"],
        ["Acme Corporation", "ACME Corp.", "acme", "Acme Co., Ltd.", "The Acme Company"],
        ["Johnson & Johnson Inc.", "Johnson and Johnson"],
        ["Siemens GmbH", "SIEMENS G.m.b.H.", "Ｓｉｅｍｅｎｓ"],
        ["昆山市东方贸易有限公司", "东方贸易"],
    ],
)
def test_spellings_of_one_company(spellings):
    assert len({normalise_company(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("北京银行", "上海银行股份有限公司"),
        ("华为技术有限公司", "华为技术有限公司上海分公司"),
        ("华为技术有限公司北京分公司", "华为技术有限公司上海分公司"),
        ("永辉超市", "华联超市"),
        ("北京大学", "上海大学"),
        ("Group", "Company"),
        ("集团有限公司", "有限公司"),
        ("都市丽人", "丽人"),
    ],
)
def test_companies_that_stay_apart(one, other):
    assert normalise_company(one) != normalise_company(other)
    assert normalise_company(one)


@given(ANY_TEXT)
def test_company_key_is_stable(name):
    key = normalise_company(name)
    assert key == normalise_company(f" {name} ") and key == fold(key)


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("Li.Wei@Mail.Example.com.cn", "mail.example.com.cn"),
        ("李伟 <li@例子.com>", "例子.com"),
        ("https://www.Example.com:8080/a?b=c", "example.com"),
        ("www.example.com/关于", "example.com"),
        ("example.com.", "example.com"),
        ("例子.中国", "例子.中国"),
        ("http://[::1", None),
        ("不知道", None),
        ("3.14", None),
        ("", None),
        ("a@b", None),
    ],
)
def test_domain_of(value, domain):
    assert domain_of(value) == domain


def test_public_domains():
    assert is_public_domain("QQ.com") and is_public_domain("163.com")
    assert not is_public_domain("huawei.com")
