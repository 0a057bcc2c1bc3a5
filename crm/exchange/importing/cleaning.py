"""One cell of a file → one value of a field: through the form field that the form itself uses, so that both judge alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm.customfields.sources import SEPARATORS
from crm.entities.inputs import input_of
from crm.fields.field import Field
from crm.lib.dates import parse_boolean, parse_date, parse_datetime
from crm.lib.text import fold

REMEMBER_AT_MOST = 20_000


class Cleaner:
    """Cleans the texts of one column, remembering what it has met. ``order`` decides dates like 01-03-17."""

    def __init__(self, field: Field, *, order: str | None = None, serials: bool = False) -> None:
        self.field, self.order, self.serials = field, order, serials
        self.input = input_of(field.source)
        self.read = self._reader()
        self.check = self._checks()
        self._known: dict[str, Any] = {}

    def __call__(self, text: str) -> Any:
        """The value; ValidationError with the reason when there is none. Empty texts are not asked."""
        found = self._known.get(text, self)
        if found is self:
            found = self._clean(text)
            if len(self._known) >= REMEMBER_AT_MOST:
                self._known.clear()
            self._known[text] = found
        if isinstance(found, ValidationError):
            raise found
        return found

    def unknown(self, texts: Iterable[str]) -> list[str]:
        """Of the parts of texts that hold several choices, those that are none."""
        parts = dict.fromkeys(part.strip() for text in texts for part in SEPARATORS.split(text) if part.strip())
        return [part for part in parts if self.choices.find(part) is None]

    def admit(self, made: Mapping[str, str]) -> None:
        """Choices that have come since: name → value. The field must be this cleaner's own."""
        self.choices.known |= {fold(name): value for name, value in made.items()}
        self.choices._met.clear()
        self._known.clear()
        self.field.source.every.extend((value, name) for name, value in made.items())

    def _clean(self, text: str) -> Any:
        try:
            value = self.field.clean(self.read(text))
            self.check(value)
        except ValidationError as error:
            return error
        except (ValueError, ArithmeticError) as error:
            return ValidationError(str(error))
        return value

    def _checks(self) -> Callable[[Any], None]:
        """The rules of the field, those apart that its input has judged by already."""
        if type(self.field).check is not Field.check or self.input is None or self.read != self.input.clean:
            return self.field.check
        rest = [rule for rule in self.field.source.validators if rule not in self.input.validators]

        def check(value: Any) -> None:
            if value not in self.field.source.empty_values:
                for rule in rest:
                    rule(value)

        return check

    def _reader(self) -> Callable[[str], Any]:
        match self.field.kind:
            case "choice":
                return Choices(self.field)
            case "multichoice":
                known = self.choices = Choices(self.field)
                return lambda text: [known(part.strip()) for part in SEPARATORS.split(text) if part.strip()]
            case "address" | "richtext":
                return str.strip
            case "boolean":
                return parse_boolean
            case "date":
                return lambda text: parse_date(text, self.order, serials=self.serials)
            case "datetime":
                zone = timezone.get_current_timezone()
                return lambda text: parse_datetime(text, zone, self.order, serials=self.serials)
        return self.input.clean if self.input is not None else str.strip


class Choices:
    """Finds a choice by its value or by its label in any of our languages."""

    def __init__(self, field: Field) -> None:
        self.known: dict[str, Any] = {}
        for code, _name in settings.LANGUAGES:
            with translation.override(code):
                self.known |= {fold(label): value for value, label in field.choices}
        self.known |= {fold(str(value)): value for value, _label in field.choices}
        self._met: dict[str, Any] = {}

    def __call__(self, text: str) -> Any:
        value = self.find(text)
        if value is None:
            raise ValueError(_("“%(text)s” is none of the choices.") % {"text": text[:50]})
        return value

    def find(self, text: str) -> Any:
        """The value, or None."""
        if text not in self._met:
            if len(self._met) >= REMEMBER_AT_MOST:
                self._met.clear()
            self._met[text] = self.known.get(fold(text))
        return self._met[text]
