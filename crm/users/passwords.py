"""How long a password must be, said in both languages: Django's own Chinese lacks the sentence."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class LongEnough(MinimumLengthValidator):
    """At least eight characters."""

    def get_error_message(self) -> str:
        said = ngettext(
            "It needs at least %(count)d character.", "It needs at least %(count)d characters.", self.min_length
        )
        return said % {"count": self.min_length}
