"""Model fields that say more than their storage: what kind of value they hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from crm.lib.sealing import Unreadable, is_sealed, seal, sealed_here, tokens, unseal

LIMIT = Decimal("9999999999999999.99")


class MoneyField(models.DecimalField):
    """An amount in the record's currency, two decimals, up to 10^16."""

    kind = "money"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(*args, **kwargs)


class PercentField(models.DecimalField):
    """A share from 0 to 100 (12.5 means 12.5 %)."""

    kind = "percent"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 5)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("validators", [MinValueValidator(0), MaxValueValidator(100)])
        super().__init__(*args, **kwargs)


class YearField(models.PositiveSmallIntegerField):
    """A year; of a date that people give instead it takes the year."""

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.PositiveSmallIntegerField", args, kwargs


class SizeField(models.BigIntegerField):
    """How large a file is, in bytes; people read it as “207.3 KB”."""

    def told(self, value: int) -> str:
        return filesizeformat(value)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigIntegerField", args, kwargs


class PhoneField(models.CharField):
    """A telephone number as people write it; the search row and match keys hold its E.164 form."""

    kind = "phone"
    description = _("Phone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        super().__init__(*args, **kwargs)


class ColouredField(models.CharField):
    """A choice whose values have colours: ``colours = {value: name}``, names of ``tokens.css``."""

    def __init__(self, *args: Any, colours: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.colours = colours or {}

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class SealedField(models.TextField):
    """Text that the database holds only encrypted. The record holds it in clear; history says only that it changed."""

    kind = "sealed"
    sealed = True

    @property
    def place(self) -> str:
        """What the ciphertext is bound to."""
        return f"{self.model._meta.db_table}.{self.column}"

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "" or sealed_here(value, self.place):
            return value
        return seal(str(value), self.place)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.opened(value)

    def to_python(self, value: Any) -> Any:
        return self.opened(super().to_python(value))

    def opened(self, value: Any) -> Any:
        """The text of a token; nothing where its key is gone."""
        if not is_sealed(value):
            return value
        try:
            return unseal(value, self.place)
        except Unreadable:
            return ""

    def tokens(self, value: Any) -> list[str]:
        """How the column may hold a value."""
        return tokens(str(value), self.place)
