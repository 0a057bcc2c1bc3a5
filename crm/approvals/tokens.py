"""The link in a mail: for one person and one decision, as long as that is open and not older than two weeks."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.urls import reverse

from crm.approvals.models import ApprovalTask
from crm.users.models import User

SALT = "crm.approvals.mail"
MAX_AGE = timedelta(days=14)


def mail_address(task: ApprovalTask, person: User) -> str:
    """Where the person decides without signing in."""
    return reverse("approvals:mail", args=[signing.dumps([task.pk, person.pk], salt=SALT)])


def read_token(token: str) -> tuple[int, int] | None:
    """(task, person) of a token of ours; None for any other, or one that is too old."""
    try:
        task, person = signing.loads(token, salt=SALT, max_age=MAX_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return (task, person) if isinstance(task, int) and isinstance(person, int) else None
