"""Trying an account out: a clear answer, before anybody relies on it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.messaging import imap, smtp
from crm.messaging.imap import MailboxError
from crm.messaging.mails import smtp_server
from crm.messaging.models import MailAccount
from crm.messaging.polling import imap_server
from crm.messaging.secrets import SecretLost
from crm.records.outgoing import NotSent


@dataclass(frozen=True)
class Verdict:
    """What came of trying one server."""

    good: bool
    text: str


def try_out(account: MailAccount) -> list[Verdict]:
    """Sign in at each server of the account, send nothing, change nothing; the account remembers how it went."""
    found = [_try_smtp(account)] if account.smtp_host else []
    found += [_try_imap(account)] if account.imap_host else []
    good = all(verdict.good for verdict in found)
    error = "" if good else " ".join(verdict.text for verdict in found if not verdict.good)
    state = MailAccount.State.FINE if good else MailAccount.State.FAILING
    MailAccount.objects.filter(pk=account.pk).update(state=state, error=error)
    return found


def _try_smtp(account: MailAccount) -> Verdict:
    try:
        with smtp.connected(smtp_server(account), 10):
            return Verdict(True, _("Sending works: %(host)s let us in.") % {"host": account.smtp_host})
    except NotSent as refused:
        return Verdict(False, _("Sending does not work. %(why)s") % {"why": refused})


def _try_imap(account: MailAccount) -> Verdict:
    try:
        with imap.connected(imap_server(account)) as client:
            there = imap.folder_names(client)
    except MailboxError as error:
        return Verdict(False, _("Reading does not work. %(why)s") % {"why": error})
    except SecretLost:
        return Verdict(False, _("Enter the password again: it can't be read any more."))
    missing = [name for name in account.folders if name not in there]
    if missing:
        said = {"missing": ", ".join(missing), "there": ", ".join(there[:20])}
        return Verdict(False, _("There is no folder %(missing)s. There are: %(there)s.") % said)
    return Verdict(True, _("Reading works: %(count)s folders found.") % {"count": len(there)})
