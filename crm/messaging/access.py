"""Who sees a mail. Asked by the policy like every other access of records."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

from crm.access import policy
from crm.access.snapshot import Access

LINKED = "messaging.MailLink"


@dataclass(frozen=True)
class Correspondence:
    """A mail is seen by who has its mailbox and by who wrote or received it; by its privacy also by the owner's team, or by
    whoever may see a record that it is linked to. Only who has the mailbox changes or deletes it.

    No grants of its own, and administrators are no exception.
    """

    follows = True
    private = True

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        mine = self._mailbox(access)
        if action not in {"view", "export"}:
            return mine
        reach = mine | Q(participants__contains=[access.user_id])
        reach |= Q(privacy="team", owner_id__in=[*access.team_ids, access.user_id])
        return reach | Q(self._linked(access), privacy="record")

    def _mailbox(self, access: Access) -> Q:
        """The mails of the accounts that the user owns or is a member of."""
        account = apps.get_model("messaging.MailAccount")
        ids = account.objects.filter(account.of(access.user_id)).values("pk")
        copies = apps.get_model("messaging.MailCopy").objects.filter(account__in=ids, message=OuterRef("pk"))
        return Q(account__in=ids) | Q(Exists(copies))

    def _linked(self, access: Access) -> Exists:
        """Whether a mail is linked to a record which the user may see. Row by row: few mails are asked about at a time."""
        reach = Q(pk__in=[])
        for holder in holders():
            inner = policy.rows(access, holder, "view")
            if inner != policy.NOTHING:
                seen = holder._base_manager.filter(inner, deleted_at__isnull=True, pk=OuterRef("record_id"))
                reach |= Q(Exists(seen), entity=policy.entity_label(holder))
        return Exists(apps.get_model(LINKED).objects.filter(reach, message=OuterRef("pk")))


def holders() -> list[type[models.Model]]:
    """Every model to whose records a mail can be linked: owned ones."""
    return [m for m in apps.get_models() if isinstance(getattr(m, "access", None), policy.Owned)]
