"""Check characters of identity numbers."""

import pytest

from crm.lib.ids import is_resident_id, valid_uscc


@pytest.mark.parametrize("code", ["914403001922038216", " 91440300708461136t "])
def test_credit_codes(code):
    assert valid_uscc(code)


@pytest.mark.parametrize(
    "code", ["", "914403001922038217", "91440300192203821", "91440300192203821I", "９14403001922038216"]
)
def test_wrong_credit_codes(code):
    assert not valid_uscc(code)


def test_one_wrong_character_is_noticed():
    code = "914403001922038216"
    for place in range(18):
        wrong = code[:place] + ("1" if code[place] != "1" else "2") + code[place + 1 :]
        assert not valid_uscc(wrong)


def test_resident_ids():
    assert is_resident_id("11010519491231002X") and is_resident_id("11010519491231002x")
    assert not is_resident_id("110105194912310021")
    assert not is_resident_id("11010519491331002X")
    assert not is_resident_id("123456789012345678")
