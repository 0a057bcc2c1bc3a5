"""The demo steps of the foundation itself."""

from crm.demo import people  # noqa: F401
