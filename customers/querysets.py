"""Which customers: questions that views, panels and reports ask in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from crm.access.querysets import RestrictedQuerySet


class AccountQuerySet(RestrictedQuerySet):
    """Companies and people we deal with."""

    def quiet(self, now: datetime, days: int = 30) -> AccountQuerySet:
        """Those without any activity for ``days``."""
        since = now - timedelta(days=days)
        return self.filter(Q(last_activity_at__lt=since) | Q(last_activity_at__isnull=True, created_at__lt=since))


class ContactQuerySet(RestrictedQuerySet):
    """People."""

    def of(self, account: Any) -> ContactQuerySet:
        """Those who work for the account, first or second hand."""
        links = self.model._meta.get_field("affiliations").related_model._base_manager
        linked = links.filter(account=account, current=True, deleted_at__isnull=True).values("contact")
        return self.filter(Q(account=account) | Q(pk__in=linked))
