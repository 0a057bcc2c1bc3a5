"""Telephone numbers and masks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.phone import format_phone, mask_email, mask_phone, mask_text, normalise_phone, phone_tail, split_extension


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("13800138000", "+8613800138000"),
        (" 138-0013-8000 ", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("86-13800138000", "+8613800138000"),
        ("(+86)13800138000", "+8613800138000"),
        ("013800138000", "+8613800138000"),
        ("手机：13800138000", "+8613800138000"),
        ("\u202d13800138000\u202c", "+8613800138000"),
        ("021-62345678", "+862162345678"),
        ("(021) 6234 5678", "+862162345678"),
        ("010-62345678-8001", "+861062345678;ext=8001"),
        ("010-62345678转8001", "+861062345678;ext=8001"),
        ("010-62345678 分机：8001", "+861062345678;ext=8001"),
        ("010-62345678 ext. 8001", "+861062345678;ext=8001"),
        ("13800138000转12", "+8613800138000;ext=12"),
        ("400-810-6666", "+864008106666"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("+852 2123 4567", "+85221234567"),
        ("0755-86013388", "+8675586013388"),
    ],
)
def test_numbers(text, kept):
    assert normalise_phone(text) == kept
    assert normalise_phone(kept) == kept


@pytest.mark.parametrize(
    "text",
    ["", "无", "12345", "1380013800", "138001380001", "N/A", "1" * 5000, "abc13800138000", "+", "12800138000", "٣٣٣٣٣"],
)
def test_what_is_no_number(text):
    assert normalise_phone(text) is None


def test_other_regions():
    assert normalise_phone("650-253-0000", "US") == "+16502530000"
    assert normalise_phone("13800138000", "US") != "+8613800138000"


@given(st.text(st.characters(codec=None), max_size=70))
def test_any_text_is_a_number_or_none(text):
    kept = normalise_phone(text)
    assert kept is None or normalise_phone(kept) == kept


def test_parts_and_tails():
    assert split_extension("+861062345678;ext=8001") == ("+861062345678", "8001")
    assert phone_tail("+861062345678;ext=8001") == "5678"
    assert phone_tail("138 0013 8000", 7) == "0138000"
    assert phone_tail("12") == ""


def test_shown():
    assert format_phone("+8613800138000") == "138 0013 8000"
    assert format_phone("+861062345678;ext=8001") == "010 6234 5678 ext. 8001"
    assert format_phone("+16502530000") == "+1 650-253-0000"
    assert format_phone("+16502530000", "US") == "(650) 253-0000"
    assert format_phone("内线 12") == "内线 12"


def test_masks():
    assert mask_phone("+8613800138000") == "138****8000"
    assert mask_phone("138 0013 8000") == "138****8000"
    assert mask_phone("+861062345678;ext=8001") == "106****5678"
    assert mask_phone("12345") == "****45"
    assert mask_phone("12") == mask_phone("") == "****"
    assert mask_email("zhang.wei@example.com") == "z***@example.com"
    assert mask_email("no mail") == "n***"
    assert mask_text("张伟明") == "张***"
    assert (mask_text("张"), mask_text(" ")) == ("***", "")
