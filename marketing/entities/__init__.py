"""The declarations of marketing."""

from marketing.entities import forms, links  # noqa: F401 - they register themselves
