"""How much of a value is shown to who may not see it whole: enough to know it again, not enough to use it."""

from __future__ import annotations

import re

from crm.lib.phone import mask_email, mask_phone, mask_text

_ID = re.compile(r"[1-9]\d{16}[\dXx]|[1-9]\d{14}")
_BANK = re.compile(r"\d{16,19}")
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_PASSPORT = re.compile(r"[A-Za-z]{1,2}\d{7,8}")
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


def mask_value(kind: str, text: str) -> str:
    """A text as far as it may be seen: 138****0000, 1101**********1234, 6222********1234, z***@example.com, 张*."""
    if kind == "phone":
        return mask_phone(text)
    if kind == "email":
        return mask_email(text)
    plain = re.sub(r"[\s\-]", "", text)
    if _MOBILE.fullmatch(plain):
        return mask_phone(plain)
    if _ID.fullmatch(plain) or _BANK.fullmatch(plain) or _CREDIT_CODE.fullmatch(plain):
        return f"{plain[:4]}{'*' * (len(plain) - 8)}{plain[-4:]}"
    if _PASSPORT.fullmatch(plain):
        return f"{plain[:2]}{'*' * (len(plain) - 4)}{plain[-2:]}"
    if "@" in text:
        return mask_email(text)
    return mask_text(text)
