"""A quote on its way to the customer: a worker prints it, then the mail goes out; nobody waits for it."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.documents.keeping import keep_paper
from crm.documents.printing import pdf_of
from crm.files.services import store_content
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.messaging.mails import queue_mail
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailAccount, MailMessage
from crm.records.actor import Actor
from sales.quotes.links import link_of
from sales.quotes.models import Quote
from sales.quotes.services import check_sendable, mark_sent

KIND = "quote_mail"
ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)
STOPPED = (Job.State.FAILED, Job.State.CANCELLED)
TRIES = 3
"""How often it is printed anew because it was changed meanwhile."""


@transaction.atomic
def send_quote(
    quote: Quote,
    *,
    actor: Actor,
    account: MailAccount,
    to: str,
    subject: str,
    text: str,
    language: str = "zh-hans",
) -> Quote:
    """Have the PDF and the link mailed: a worker prints it, then the offer stands and the mail goes out, all or nothing.

    ValidationError when it has run out, the mailbox can't send, or it is under way already.
    """
    quote = Quote._base_manager.select_for_update(of=("self",)).get(pk=quote.pk)
    check_sendable(quote)
    if not account.can_send:
        raise ValidationError(
            _("%(account)s can't send: it has no SMTP server, or is switched off.") % {"account": account}
        )
    if Job.objects.filter(state__in=ACTIVE, kind=KIND, params__quote=quote.pk).exists():
        raise ValidationError(_("Its PDF is being prepared already, the mail goes out by itself."))
    params = {
        "quote": quote.pk, "key": secrets.token_hex(16), "account": account.pk, "to": to, "subject": subject, "text": text, "language": language,
    }  # fmt: skip
    start_job(
        KIND, user=actor.user, params=params, title=_("%(quote)s to %(to)s") % {"quote": quote, "to": to}, total=1
    )
    return quote


def under_way(quote: Quote, user: Any) -> Job | None:
    """The sending that waits for its PDF; else the one of the user that came to nothing since the quote went out last."""
    mine = Q(state__in=STOPPED, user=user)
    if quote.sent_at:
        mine &= Q(ended_at__gt=quote.sent_at)
    found = Job.objects.filter(Q(state__in=ACTIVE) | mine, kind=KIND, params__quote=quote.pk)
    return found.order_by("-pk").first()


@job_kind(KIND, gettext_lazy("Send a quote"), icon="mail-forward", resumable=lambda job: not job.checkpoint)
def mail_quote(running: Running) -> dict | None:
    """Print, then mark as sent, keep and queue in one transaction. What has its checkpoint is not sent again."""
    if running.checkpoint.get("message"):
        return dict(running.checkpoint)
    try:
        for _try in range(TRIES):
            quote = _quote_of(running)
            content = pdf_of(quote, running.job.user, running.params["language"])
            with running.batch() as step:
                held = Quote._base_manager.select_for_update(of=("self",)).get(pk=quote.pk)
                if held.version == quote.version:
                    message = _mail(running, quote, content)
                    step.created, step.checkpoint = 1, {"message": message.pk}
                    return {"message": message.pk}
    except ValidationError as error:
        raise JobError(" ".join(error.messages)) from None
    except PermissionDenied as error:
        raise JobError(str(error) or _("You may not know everything that the document tells.")) from None
    raise JobError(_("The quote was changed while it was being printed. Try again."))


def _quote_of(running: Running) -> Quote:
    """Within the rights of who asked: looked up anew through the policy."""
    user = running.job.user
    rows = Quote.objects.restrict(user).filter(deleted_at__isnull=True, pk=running.params["quote"])
    quote = rows.select_related("account", "contact", "owner").first()
    if quote is None or not policy.can_record(user, quote, "change"):
        raise JobError(_("The record is not there any more, or not for you to see."))
    check_sendable(quote)
    return quote


def _mail(running: Running, quote: Quote, content: bytes) -> MailMessage:
    said, actor, name = running.params, running.actor, f"{quote.number}.pdf"
    account = MailAccount.objects.filter(MailAccount.of(actor.user.pk), pk=said["account"]).distinct().first()
    if account is None:
        raise ValidationError(_("The mailbox is not yours any more."))
    mark_sent(quote, actor=actor, to=said["to"])
    keep_paper(quote, content, name, actor=actor, source=said["language"])
    with translation.override(said["language"]):
        words = _("%(text)s\n\nOpen the quote: %(link)s") % {"text": said["text"].strip(), "link": link_of(quote)}
    return queue_mail(
        account=account,
        to=[Address(quote.contact.name if quote.contact else "", said["to"].lower())],
        subject=said["subject"],
        text=words,
        actor=actor,
        files=[store_content(content, name, actor=actor)],
        about=quote,
        key=said["key"],
    )
