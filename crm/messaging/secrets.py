"""Secrets of other systems, encrypted at rest under keys derived from SECRET_KEY."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

PURPOSE = b"crm.messaging.secrets"


class SecretLost(Exception):
    """A secret was written under a SECRET_KEY that is no longer known: it must be entered again."""


class SecretField(models.TextField):
    """Text that the database holds only encrypted."""

    def get_prep_value(self, value: Any) -> str:
        return encrypt(value) if value else ""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str:
        return Secret(value) if value else ""


class Secret(str):
    """An encrypted secret as it lies in the database: comparing and showing it reveals nothing; ``open_secret`` reads it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret()"


def encrypt(text: str) -> str:
    """The token of ``text``; what is a token of ours already stays as it is."""
    return str(text) if isinstance(text, Secret) else _box().encrypt(text.encode()).decode()


def open_secret(value: str) -> str:
    """The text of a secret, read from the database or just entered. Raises SecretLost."""
    if not isinstance(value, Secret):
        return value
    try:
        return _box().decrypt(value.encode()).decode()
    except InvalidToken:
        raise SecretLost from None


def _box() -> MultiFernet:
    return _box_of(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@cache
def _box_of(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, PURPOSE).derive(key.encode()))
