"""Query sets that know who is reading."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.access import policy


class RestrictedQuerySet(QuerySet):
    """The only way views, forms, exports and the API read records."""

    def restrict(self, user, action: str = "view") -> RestrictedQuerySet:
        """Keep only the records on which ``user`` may perform ``action``; what lies in the trash is not among them."""
        return self.reachable(user, action).alive()

    def trash(self, user, action: str = "delete") -> RestrictedQuerySet:
        """Keep only deleted records that ``user`` may delete and so also restore."""
        return self.reachable(user, action).filter(deleted_at__isnull=False)

    def alive(self) -> RestrictedQuerySet:
        """Leave out what lies in the trash."""
        return self.filter(deleted_at__isnull=True) if hasattr(self.model, "deleted_at") else self

    def reachable(self, user, action: str) -> RestrictedQuerySet:
        """The records on which ``user`` may perform ``action``, wherever they lie: also those in the trash."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(policy.rows(policy.access_of(user), self.model, action))
