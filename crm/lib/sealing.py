"""Encrypting single values: AES-GCM under named keys, and a keyed index by which equal values are found.

A sealed value is ``sealed:<key id>:<index>:<ciphertext>``. The nonce comes from the index, and the index is a keyed hash of
place and text: the same text in the same place is the same token, so equality works in SQL, and no nonce meets two texts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PREFIX = "sealed:"
PURPOSE = b"crm.lib.sealing"
INDEX = 18
NONCE = 12


class Unreadable(Exception):
    """A sealed value whose key is not known any more, or that was not written by us."""


@dataclass(frozen=True)
class Key:
    """One key: what encrypts and what makes the index."""

    name: str
    cipher: bytes
    index: bytes


def is_sealed(value: object) -> bool:
    """Whether it is a token."""
    return isinstance(value, str) and value.startswith(PREFIX)


def sealed_here(value: object, place: str) -> bool:
    """Whether it is a token of ours for that place: what people type that only looks like one is not."""
    try:
        return isinstance(value, str) and is_sealed(value) and bool(unseal(value, place))
    except Unreadable:
        return False


def seal(text: str, place: str) -> str:
    """The token of a text under the present key; ``place`` (entity and field) binds it there."""
    return _token(keys()[0], text, place)


def tokens(text: str, place: str) -> list[str]:
    """Every token that the text may have there: one for each key in use."""
    return [_token(key, text, place) for key in keys()]


def unseal(token: str, place: str) -> str:
    """The text of a token. Raises Unreadable."""
    try:
        name, index, body = token.removeprefix(PREFIX).split(":")
        key = next(key for key in keys() if key.name == name)
        nonce = base64.urlsafe_b64decode(index)[:NONCE]
        return AESGCM(key.cipher).decrypt(nonce, base64.urlsafe_b64decode(body), place.encode()).decode()
    except (ValueError, StopIteration, InvalidTag, binascii.Error) as error:
        raise Unreadable from error


def current_prefix() -> str:
    """How tokens under the present key begin."""
    return f"{PREFIX}{keys()[0].name}:"


def digest(text: str, purpose: str) -> list[str]:
    """Keyed hashes of a text, one for each key in use, the present one first: to find it again without keeping it."""
    return [hmac.new(key.index, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest() for key in keys()]


def keys() -> tuple[Key, ...]:
    """The keys in use, the present one first."""
    return _keys(
        tuple(settings.FIELD_KEYS), settings.FIELD_KEY_FILE, settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS)
    )


@cache
def _keys(given: tuple[str, ...], file: str, *secrets: str | tuple[str, ...]) -> tuple[Key, ...]:
    lines = list(given)
    if file:
        lines += [line.strip() for line in Path(file).read_text(encoding="utf-8").splitlines() if line.strip()]
    found = [_read(line) for line in lines]
    main, others = secrets
    derived = [(f"s{hashlib.sha256(one.encode()).hexdigest()[:8]}", one.encode()) for one in (main, *others)]
    return tuple(_derive(name, secret) for name, secret in [*found, *derived])


def _read(line: str) -> tuple[str, bytes]:
    """“id:key”, the key being 32 bytes in Base64."""
    name, colon, text = line.partition(":")
    try:
        key = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not colon or not name.isalnum() or len(key) < 32:
        raise ImproperlyConfigured("FIELD_KEYS must be id:key, the key being 32 bytes in Base64 (see .env.example).")
    return name, key


def _derive(name: str, secret: bytes) -> Key:
    made = HKDF(SHA256(), 64, None, PURPOSE).derive(secret)
    return Key(name, made[:32], made[32:])


def _token(key: Key, text: str, place: str) -> str:
    index = hmac.new(key.index, f"{place}\0{text}".encode(), hashlib.sha256).digest()[:INDEX]
    body = AESGCM(key.cipher).encrypt(index[:NONCE], text.encode(), place.encode())
    return f"{PREFIX}{key.name}:{base64.urlsafe_b64encode(index).decode()}:{base64.urlsafe_b64encode(body).decode()}"
