"""Birthdays that people know by the lunar calendar alone, as a column keeps them: “八月十五”."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.lib.lunar import read_lunar


def check_lunar(text: str) -> None:
    """ValidationError where a text is no lunar month and day."""
    try:
        read_lunar(text)
    except ValueError as error:
        raise ValidationError(_("Enter the lunar month and day: 八月十五, 闰四月初一, or 8-15.")) from error


def said_lunar(text: str) -> str:
    """The day as people say it, however it was typed; what is none stays as it is, to be refused by the field."""
    try:
        return str(read_lunar(text)) if text else ""
    except ValueError:
        return text
