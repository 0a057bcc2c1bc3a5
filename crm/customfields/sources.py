"""Django fields without a column: what forms, imports and conditions ask a field about, for values kept in JSON."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import nh3
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from crm.customfields import regions
from crm.lib.text import clean_line, clean_text

LONGEST_TEXT = 100_000
SEPARATORS = re.compile(r"[,，;；、|\n]+")
RICH_TAGS = {"p", "br", "b", "strong", "i", "em", "u", "s", "ul", "ol", "li", "a", "h3", "h4", "blockquote", "code"}


@dataclass(frozen=True)
class Address:
    """A Chinese address; ``code`` is the region's code of the last part that is known by one."""

    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    code: str = ""

    def __str__(self) -> str:
        parts = (self.province, "" if self.city == self.province else self.city, self.district, self.street)
        return "".join(parts)

    @property
    def parts(self) -> dict[str, str]:
        """What is stored: the parts that are filled."""
        return {name: text for name, text in asdict(self).items() if text}


_DISTRICT = re.compile(r"([^\d号路街道]{1,10}?(?:新区|区|县|旗|市|镇))(.*)", re.DOTALL)
_PROVINCE = re.compile(r"(.{2,7}?(?:省|自治区|特别行政区))(.*)", re.DOTALL)
_CITY = re.compile(r"(.{2,10}?(?:自治州|地区|市|盟))(.*)", re.DOTALL)


def read_address(text: str) -> Address:
    """The parts of an address written in one line; what is not understood is the street."""
    rest = clean_line(text)[:600]
    places = regions.known()
    province, rest = regions.leading(rest, places.provinces)
    named, cut = ("", rest) if province else _cut(_PROVINCE, rest)
    rest = cut.lstrip()
    within = [c for c in places.cities if c.parent == province.name] if province else places.cities
    city, rest = regions.leading(rest, within)
    town, cut = ("", rest) if city else _cut(_CITY, rest) if named else ("", rest)
    district, street = _cut(_DISTRICT, cut.lstrip())
    known = (province.name if province else named or (city.parent if city else ""), city.name if city else town)
    return coded(Address(*known, district, street.strip()))


def _cut(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.fullmatch(text)
    return (found[1], found[2]) if found else ("", text)


def coded(address: Address) -> Address:
    """Province and city by their full names, with the code of the smallest that is known by one."""
    places = regions.known()
    province = regions.named(address.province, places.provinces)
    name = province.name if province else address.province
    city = regions.named(address.city, [c for c in places.cities if not name or c.parent == name])
    code = city.code if city else province.code if province else ""
    return replace(
        address, province=name or (city.parent if city else ""), city=city.name if city else address.city, code=code
    )


def clean_html(text: str) -> str:
    """HTML that is safe to show: a few tags, links without scripts."""
    return nh3.clean(
        clean_text(text),
        tags=RICH_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    ).strip()


class TextSource(models.CharField):
    """One line."""


class RichTextSource(models.TextField):
    """HTML, cleaned at the door."""

    kind = "richtext"

    def to_python(self, value: Any) -> str | None:
        if value in (None, ""):
            return None
        try:
            cleaned = clean_html(str(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return cleaned if strip_tags(cleaned).strip() else None


class ChoiceSource(models.CharField):
    """One of the options; those out of use are known but not offered."""

    kind = "choice"

    def __init__(self, *args: Any, every: Iterable[tuple[str, Any]], colours: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.every, self.colours = list(every), colours

    @property
    def flatchoices(self) -> list[tuple[str, Any]]:
        return self.every


class MultiChoiceSource(models.Field):
    """Several of the options."""

    kind = "multichoice"

    def __init__(
        self,
        *args: Any,
        every: Iterable[tuple[str, Any]],
        offered: Iterable[tuple[str, Any]],
        colours: dict[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.every, self.offered, self.colours = list(every), list(offered), colours

    @property
    def flatchoices(self) -> list[tuple[str, Any]]:
        return self.every

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"choices": self.offered, **kwargs})

    def to_python(self, value: Any) -> list[str] | None:
        if value in (None, "", []):
            return None
        known = dict(self.every)
        given = value if isinstance(value, list | tuple) else [value]
        for one in given:
            if not isinstance(one, str) or one not in known:
                raise ValidationError(_("“%(text)s” is none of the choices.") % {"text": str(one)[:50]})
        return [option for option in known if option in given]


class AddressSource(models.Field):
    """Province, city, district, street."""

    kind = "address"

    def to_python(self, value: Any) -> Address | None:
        if value in (None, ""):
            return None
        try:
            found = value if isinstance(value, Address) else read_address(str(value))
            cleaned = {name: clean_line(part)[:300] for name, part in asdict(found).items()}
        except ValueError as error:
            raise ValidationError(str(error)) from error
        del cleaned["code"]
        return coded(Address(**cleaned)) if any(cleaned.values()) else None


class FileSource(models.ForeignKey):
    """A file in private storage; forms ask for an upload."""

    kind = "file"

    def formfield(self, **kwargs: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": forms.FileField, **kwargs})


def stamp(value: datetime.datetime) -> str:
    """A moment as text of one width, in UTC, so that texts sort as moments do."""
    return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class SealedSource(models.CharField):
    """Text that is kept encrypted: in the record's values lies its token."""

    kind = "sealed"
    sealed = True
