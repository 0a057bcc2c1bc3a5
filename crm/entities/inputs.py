"""The form field of each kind of value: tolerant in what it takes, strict in what it lets through."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.widgets import Widget
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.customfields.sources import Address, AddressSource, RichTextSource
from crm.entities.links import LinkField
from crm.fields.columns import YearField
from crm.fields.field import bounded
from crm.fields.kinds import kind_of
from crm.lib.dates import parse_date, parse_datetime, parse_number, parse_percent
from crm.lib.money import parse_money
from crm.lib.text import clean_line, clean_text

LONGEST_TEXT = 100_000
# Numbers are typed as text: a number input throws away what it does not understand.
DECIMAL = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
WHOLE = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})


class Tidy:
    """Reads one typed value with ``read`` before Django's own cleaning; a ValueError's text is what the person sees."""

    read: Callable[[str], Any] = staticmethod(clean_line)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list | tuple | dict | set):
            raise ValidationError(_("Enter a single value."), code="invalid")
        if isinstance(value, str) and value:
            try:
                value = self.read(clean_line(value) if self.read is not clean_text else value)
            except ValueError as error:
                raise ValidationError(error.args[0], code="invalid") from error
        return super().to_python(value)  # type: ignore[misc]


class LineField(Tidy, forms.CharField):
    """One line of text."""


class TextField(Tidy, forms.CharField):
    """Several lines of text."""

    read = staticmethod(clean_text)


class EmailField(Tidy, forms.EmailField):
    """An e-mail address, also as copied from a mail link."""

    widget = forms.EmailInput(attrs={"inputmode": "email"})

    @staticmethod
    def read(text: str) -> str:
        return clean_line(text).removeprefix("mailto:")


class UrlField(Tidy, forms.URLField):
    """A web address, with or without its scheme."""

    widget = forms.TextInput(attrs={"inputmode": "url"})


class MoneyInput(Tidy, forms.DecimalField):
    """An amount as people write it: ¥1,234.50, 1.2万. ``written`` is the currency that was written with it, if any."""

    widget = DECIMAL
    written: str | None = None

    def read(self, text: str) -> Decimal:
        amount, self.written = parse_money(text)
        return amount

    def to_python(self, value: Any) -> Any:
        self.written = None
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:,f}" if isinstance(value, Decimal) and value.is_finite() else value


class PercentInput(Tidy, forms.DecimalField):
    """A share: 12.5, 12.5%."""

    widget = DECIMAL
    read = staticmethod(parse_percent)


class NumberInput(Tidy, forms.DecimalField):
    """A number with or without grouping."""

    widget = DECIMAL
    read = staticmethod(parse_number)

    def prepare_value(self, value: Any) -> Any:
        """200, never 2E+2."""
        return f"{value:f}" if isinstance(value, Decimal) else super().prepare_value(value)


class FloatInput(Tidy, forms.FloatField):
    """A number stored as a float."""

    widget = DECIMAL
    read = staticmethod(parse_number)


class WholeInput(Tidy, forms.IntegerField):
    """A whole number with or without grouping."""

    widget = WHOLE

    @staticmethod
    def read(text: str) -> int:
        number = parse_number(text)
        if number != number.to_integral_value():
            raise ValueError(_("Enter a whole number."))
        return int(number)


class DayInput(Tidy, forms.DateField):
    """A day, typed or picked."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": "1900-01-01", "max": "2200-12-31"})
    read = staticmethod(parse_date)

    def to_python(self, value: Any) -> Any:
        return bounded("date", super().to_python(value))


class MomentInput(Tidy, forms.DateTimeField):
    """A moment in the person's time zone."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})

    @staticmethod
    def read(text: str) -> datetime.datetime:
        return parse_datetime(text.replace("T", " "), timezone.get_current_timezone())

    def to_python(self, value: Any) -> Any:
        return bounded("datetime", super().to_python(value))


class ChoiceField(forms.TypedChoiceField):
    """One of a few choices."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list | tuple | dict | set):
            raise ValidationError(_("Enter a single value."), code="invalid")
        return super().to_python(value)


class YearInput(WholeInput):
    """A year, or a date of which the year is taken, as company registers give it."""

    @staticmethod
    def read(text: str) -> int:
        year = re.sub(r"\s*年$", "", text)
        return int(year) if re.fullmatch(r"\d{1,4}", year, re.ASCII) else parse_date(text).year


class RichInput(Tidy, forms.CharField):
    """Text with headings, lists and links; what is not safe is taken out."""

    widget = forms.Textarea(attrs={"rows": 6, "data-rich": ""})

    def to_python(self, value: Any) -> Any:
        return RichTextSource().to_python(super().to_python(value))

    read = staticmethod(clean_text)


class ChoicesInput(forms.MultipleChoiceField):
    """Several of a few choices."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return [option for option, _label in self.choices if option in found] or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial or [], data or [])


class AddressWidget(forms.MultiWidget):
    """Province, city, district and street side by side."""

    parts = ("province", "city", "district", "street")

    def __init__(self, attrs: Any = None) -> None:
        lines: dict[str, Widget | type[Widget]] = {
            name: forms.TextInput(attrs={"autocomplete": "off", "data-part": name, "maxlength": 300})
            for name in self.parts
        }
        super().__init__(lines, attrs)

    def decompress(self, value: Any) -> list[str]:
        return [getattr(value, name, "") for name in self.parts]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        said = (_("Province"), _("City"), _("District"), _("Street and number"))
        for part, label in zip(context["widget"]["subwidgets"], said, strict=True):
            part["attrs"] |= {"aria-label": label, "placeholder": label}
        context["widget"]["subwidgets"][0]["attrs"]["data-regions"] = reverse("entities:regions")
        return context


class AddressInput(forms.MultiValueField):
    """An address in its parts."""

    widget = AddressWidget

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        lines = [LineField(required=False, max_length=300) for _part in AddressWidget.parts]
        super().__init__(lines, *args, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[str]) -> Address | None:
        if not any(data_list or ()):
            return None
        return AddressSource().to_python(Address(*data_list))


class UploadInput(forms.FileField):
    """A file to keep with the record."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=200, **kwargs)


def offered_choices(choices: Any, source: Any, present: Any) -> list[tuple[Any, Any]]:
    """The choices with those that the record holds though they are out of use."""
    held = set(present if isinstance(present, list) else [present])
    offered = list(choices)
    known = {value for value, _label in offered}
    return offered + [(value, label) for value, label in source.flatchoices if value in held - known]


INPUTS: dict[str, dict[str, Any]] = {
    "text": {"form_class": LineField},
    "longtext": {"form_class": TextField, "widget": forms.Textarea(attrs={"rows": 3}), "max_length": LONGEST_TEXT},
    "email": {"form_class": EmailField},
    "url": {"form_class": UrlField, "assume_scheme": "https", "widget": UrlField.widget},
    "phone": {"form_class": LineField, "widget": forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})},
    "money": {"form_class": MoneyInput, "widget": DECIMAL},
    "percent": {"form_class": PercentInput, "widget": DECIMAL},
    "number": {"form_class": NumberInput, "widget": DECIMAL},
    "integer": {"form_class": WholeInput, "widget": WHOLE},
    "date": {"form_class": DayInput, "widget": DayInput.widget},
    "datetime": {"form_class": MomentInput, "widget": MomentInput.widget},
    "choice": {"choices_form_class": ChoiceField},
    "multichoice": {"form_class": ChoicesInput},
    "richtext": {"form_class": RichInput, "widget": RichInput.widget, "max_length": LONGEST_TEXT},
    "address": {"form_class": AddressInput},
    "file": {"form_class": UploadInput},
    "record": {"form_class": LinkField},
    "user": {"form_class": LinkField},
}


def input_of(source: models.Field, **options: Any) -> forms.Field | None:
    """The form field of a model field; what Django makes of it where the kind has no input of its own."""
    kind = kind_of(source)
    if isinstance(source, models.FloatField):
        return source.formfield(form_class=FloatInput, widget=DECIMAL, **options)
    own = {"form_class": YearInput} if isinstance(source, YearField) else dict(INPUTS.get(kind, {}))
    if getattr(source, "max_length", None):
        own.pop("max_length", None)
    field = source.formfield(**{**own, **options})
    if isinstance(field, ChoiceField):
        field.choices = [(value, "" if value in ("", None) else label) for value, label in field.choices]
    return field
