"""The mark that a page of a form carries: when it was shown, and which page it was. No cookie, no session."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

QUICKEST = timedelta(seconds=2)
LONGEST = timedelta(hours=24)
CONFIRMABLE = timedelta(days=7)
_pages = signing.TimestampSigner(salt="marketing.form")
_mails = signing.TimestampSigner(salt="marketing.form.confirm")


class BadStamp(Exception):
    """The mark is missing, forged, too old or too young; ``again`` says that the person may simply send once more."""


@dataclass(frozen=True)
class Stamp:
    """Which page was filled in."""

    key: str


def new_stamp(token: str) -> str:
    """A mark for a page that is shown now."""
    return _pages.sign(f"{token}.{secrets.token_urlsafe(12)}")


def read_stamp(token: str, text: str) -> Stamp:
    """What a page says of itself. Raises BadStamp also when it was filled in faster than people write."""
    if len(text) > 200:
        raise BadStamp
    try:
        value = _pages.unsign(text, max_age=LONGEST)
    except signing.BadSignature:
        raise BadStamp from None
    of, _dot, key = value.rpartition(".")
    if of != token or _is_young(text):
        raise BadStamp
    return Stamp(key)


def _is_young(text: str) -> bool:
    try:
        _pages.unsign(text, max_age=QUICKEST)
    except signing.SignatureExpired:
        return False
    return True


def confirm_token(submission_id: int) -> str:
    """What the link in the mail holds."""
    return _mails.sign(str(submission_id))


def read_confirm(text: str) -> int | None:
    """The submission that a link confirms; None when the link is wrong or too old."""
    try:
        return int(_mails.unsign(text[:200], max_age=CONFIRMABLE))
    except (signing.BadSignature, ValueError):
        return None
