"""Links by which anybody reads a document for a while. Callers inside the house have asked the policy."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.documents import kinds, notices
from crm.documents.library import Document, DocumentShare, ShareView
from crm.lib.agents import family_of, is_robot
from crm.notifications.services import notify
from crm.records.actor import Actor
from crm.records.log import log

SALT = "documents.share"
VISIT = 30 * 60
"""Seconds: within them the same visitor's opening counts once."""
MISSES, PAUSE = 5, timedelta(minutes=15)
VISITOR = Actor(None, "share")


@transaction.atomic
def make_share(
    document: Document,
    *,
    actor: Actor,
    expires_at: datetime,
    label: str = "",
    password: str = "",
    downloads: bool = True,
    most_views: int | None = None,
) -> tuple[DocumentShare, str]:
    """The share, and the address that leads to it: it is told this once, and can't be found out again."""
    if expires_at <= timezone.now():
        raise ValidationError({"expires_at": _("This moment has passed.")})
    token = secrets.token_urlsafe(32)
    share = DocumentShare.objects.create(
        document=document,
        token_hash=hashed(token),
        label=label,
        password=make_password(password) if password else "",
        downloads=downloads,
        expires_at=expires_at,
        most_views=most_views,
        made_by=actor.user,
    )
    log(document, kinds.SHARED, actor=actor, label=label)
    return share, settings.PUBLIC_URL + reverse("documents:shared", args=[token])


@transaction.atomic
def revoke_share(share: DocumentShare, *, actor: Actor) -> None:
    """From now on it leads nowhere, also for those who have it open."""
    if DocumentShare.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now()):
        log(share.document, kinds.REVOKED, actor=actor, label=share.label)


def hashed(token: str) -> str:
    """What is kept of a link."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def find_share(token: str) -> DocumentShare | None:
    """The share that a link leads to, as long as it lasts and there is something to be read."""
    rows = DocumentShare.objects.select_related("document__file", "document__owner", "made_by")
    share = rows.filter(token_hash=hashed(token), document__deleted_at=None, document__file__isnull=False).first()
    if share is None or not share.lasts:
        return None
    gone = share.document.on_id and getattr(share.document.on, "deleted_at", True)
    return None if gone else share


def pass_for(share: DocumentShare) -> str:
    """What lets a visitor look at the pages of a share that they have opened."""
    return signing.TimestampSigner(salt=SALT).sign(str(share.pk))


def has_pass(share: DocumentShare, said: str) -> bool:
    """Whether it was given for this share a little while ago."""
    try:
        return signing.TimestampSigner(salt=SALT).unsign(said, max_age=VISIT) == str(share.pk)
    except signing.BadSignature:
        return False


def is_password(share: DocumentShare, said: str) -> bool | None:
    """Whether it is the word; None while too many wrong ones came."""
    now = timezone.now()
    with transaction.atomic():
        held = DocumentShare.objects.select_for_update().get(pk=share.pk)
        recent = held.missed_at is not None and held.missed_at > now - PAUSE
        if recent and held.misses >= MISSES:
            return None
        if check_password(said, held.password):
            return True
        held.misses, held.missed_at = (held.misses + 1 if recent else 1), now
        held.save(update_fields=["misses", "missed_at"])
        return False


@transaction.atomic
def note_view(share: DocumentShare, agent: str) -> bool:
    """Count an opening; False where there were as many as there may be. Programs count apart, and are shown nothing."""
    held = DocumentShare.objects.select_for_update(of=("self",)).select_related("document").get(pk=share.pk)
    robot = is_robot(agent)
    if not held.is_open:
        return False
    held.viewed_at = timezone.now() if not robot else held.viewed_at
    held.views, held.robots = held.views + (not robot), held.robots + robot
    held.save(update_fields=["views", "robots", "viewed_at"])
    ShareView.objects.create(share=held, agent=family_of(agent), robot=robot)
    if held.views == 1 and not robot:
        document = held.document
        log(document, kinds.VIEWED, actor=VISITOR, label=held.label)
        people = {document.owner_id, held.made_by_id} - {None}
        notify(people, notices.VIEWED, record=document, key=f"share:{held.pk}")
    return not robot
