"""Loaded at start: the senders of what leaves the house."""

from crm.messaging import mails  # noqa: F401 - its outgoing kind
