"""Reading mailboxes again and again: resumes where it stopped, and one bad mail never holds the others up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from imapclient import IMAPClient

from crm.messaging import imap
from crm.messaging.imap import MailboxError
from crm.messaging.mime.parse import Poison
from crm.messaging.models import MailAccount, MailCopy, MailFolder, MailSetAside
from crm.messaging.receiving import Place, set_aside, take_in
from crm.messaging.secrets import SecretLost, open_secret
from crm.messaging.smtp import Server

logger = structlog.get_logger(__name__)

LOCK_SPACE = 0x0E41
SECONDS = 240
BATCH = 100
EVERY = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=30)


def due_accounts(now: datetime | None = None) -> list[int]:
    """The mailboxes that are to be read now."""
    rows = MailAccount.objects.filter(active=True, next_poll_at__lte=now or timezone.now()).exclude(imap_host="")
    return list(rows.order_by("next_poll_at").values_list("pk", flat=True))


def poll(account_id: int, *, seconds: float = SECONDS) -> int:
    """Read what is new in a mailbox; returns how many mails were looked at. Only one reader at a time; others return at once."""
    with _alone(account_id) as free:
        account = MailAccount.objects.filter(pk=account_id, active=True).exclude(imap_host="").first() if free else None
        if account is None:
            return 0
        try:
            count = _read(account, time.monotonic() + seconds)
        except MailboxError as error:
            _note_failure(account, str(error))
            return 0
        except SecretLost:
            _note_failure(account, _("Enter the password again: it can't be read any more."))
            return 0
        MailAccount.objects.filter(pk=account.pk).update(
            state=MailAccount.State.FINE,
            error="",
            failures=0,
            synced_at=timezone.now(),
            next_poll_at=timezone.now() + EVERY,
        )
        return count


def imap_server(account: MailAccount) -> Server:
    """Where and how the account's mail is read."""
    secret = open_secret(account.secret)
    return Server(account.imap_host, account.imap_port, account.imap_security, account.sign_in, secret)


def _read(account: MailAccount, end: float) -> int:
    count = 0
    with imap.connected(imap_server(account)) as client:
        for name in account.folders:
            folder, _made = MailFolder.objects.get_or_create(account=account, name=name)
            count += _read_folder(client, account, folder, end)
    return count


def _read_folder(client: IMAPClient, account: MailAccount, folder: MailFolder, end: float) -> int:
    validity = imap.open_folder(client, folder.name)
    if folder.uidvalidity != validity:
        # The server numbers its mails anew. What is here already is known by what it says.
        folder.uidvalidity, folder.last_uid = validity, 0
        folder.save(update_fields=["uidvalidity", "last_uid"])
    count = 0
    uids = imap.new_uids(client, folder.last_uid, account.since)
    for start in range(0, len(uids), BATCH):
        batch = uids[start : start + BATCH]
        sizes = imap.sizes(client, batch)
        for uid in batch:
            if time.monotonic() > end:
                return count
            if uid in sizes:
                _take(client, account, Place(folder.name, validity, uid), sizes[uid])
                count += 1
            folder.last_uid = uid
            folder.save(update_fields=["last_uid"])
    return count


def _take(client: IMAPClient, account: MailAccount, place: Place, size: int) -> None:
    """Take one mail in, or set it aside with the reason."""
    if _is_known(account, place):
        return
    data = imap.fetch(client, place.uid, size)
    if data is None:
        return
    keep(account, place, data, size)


def keep(account: MailAccount, place: Place, data: bytes, size: int) -> bool:
    """Take a fetched mail in; False when it was set aside instead."""
    try:
        with transaction.atomic():
            take_in(account, place, data, size=size)
    except Poison as poison:
        reason = str(poison)
    except (DataError, IntegrityError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # What the parser or the database choke on is the mail's fault, and must not stop those behind it.
        logger.exception("mail_not_understood", account=account.pk, **vars(place))
        reason = f"{type(error).__name__}: {error}"
    else:
        return True
    set_aside(account, place, data, reason, size)
    return False


def _is_known(account: MailAccount, place: Place) -> bool:
    here = {"account": account, **vars(place)}
    return MailCopy.objects.filter(**here).exists() or MailSetAside.objects.filter(**here).exists()


def try_again(aside: MailSetAside) -> bool:
    """Take a mail that was set aside in after all; False when it still can't be."""
    place = Place(aside.folder, aside.uidvalidity, aside.uid)
    done = keep(aside.account, place, bytes(aside.raw), aside.size)
    if done:
        MailSetAside.objects.filter(pk=aside.pk).update(state=MailSetAside.State.DONE)
    return done


def _note_failure(account: MailAccount, why: str) -> None:
    """Say what is wrong, and try less often."""
    pause = min(LONGEST_PAUSE, EVERY * 2 ** min(account.failures, 10))
    MailAccount.objects.filter(pk=account.pk).update(
        state=MailAccount.State.FAILING,
        error=why[:2000],
        failures=account.failures + 1,
        next_poll_at=timezone.now() + pause,
    )
    logger.warning("mailbox_not_read", account=account.pk, why=why)


@contextmanager
def _alone(account_id: int) -> Iterator[bool]:
    """Hold the mailbox for this database session: a killed worker's session ends and frees it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, account_id])
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [LOCK_SPACE, account_id])
