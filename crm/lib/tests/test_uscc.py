"""The check character of credit codes, by codes that are public, and every single slip in them."""

import pytest

from crm.lib.uscc import ALPHABET, is_credit_code, is_mistyped_code

PUBLIC = ["91350100M000100Y43", "914403001922038216", "91440300708461136T"]


@pytest.mark.parametrize("code", PUBLIC)
def test_real_codes_are_valid_in_any_writing(code):
    assert is_credit_code(code)
    assert is_credit_code(f" {code[:8].lower()}-{code[8:]} ")


@pytest.mark.parametrize("code", PUBLIC)
def test_every_single_slip_is_found(code):
    for place in range(18):
        for character in ALPHABET:
            slipped = code[:place] + character + code[place + 1 :]
            assert is_credit_code(slipped) is (slipped == code)


def test_only_what_was_meant_as_a_code_is_called_mistyped():
    assert is_mistyped_code("91350100M000100Y44")
    assert is_mistyped_code("9I350100M000100Y43")
    for other in ("", "DE123456789", "110108551385082", "12345678", "91350100M000100Y43"):
        assert not is_mistyped_code(other)
