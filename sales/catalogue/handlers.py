"""Totals follow their lines."""

from sales.catalogue import totals  # noqa: F401 - registers itself
