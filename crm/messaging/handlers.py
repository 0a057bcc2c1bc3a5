"""Loaded at start: the senders of what leaves the house, and what rules may do with them."""

from crm.messaging import calls, effects, mails, privacy, sms  # noqa: F401 - they register themselves
