"""Loaded at start: the guard of who was erased, and the places where data of a person lie."""

from crm.privacy import own_places, suppression  # noqa: F401 - the guard registers itself

own_places.register()
