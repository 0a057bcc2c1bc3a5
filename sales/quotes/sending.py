"""A quote on paper, and on its way to the customer."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.documents.keeping import keep_paper
from crm.documents.printing import pdf_of
from crm.documents.services import keep_pdf, start_pdf
from crm.files.services import store_content
from crm.messaging.mails import queue_mail
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailAccount
from crm.records.actor import Actor
from sales.quotes.links import link_of
from sales.quotes.models import Quote
from sales.quotes.services import mark_sent

QUICK = 150
"""Lines that are printed while one waits; more of them are long work."""


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
    """Mail the PDF and the link; from now on the offer stands. The PDF is kept as a version of the quote's document too.

    ValidationError when it has run out, can't be printed, or the mailbox can't send.
    """
    with transaction.atomic():
        mark_sent(quote, actor=actor, to=to)
        content = pdf_of(quote, actor.user, language)
        name = f"{quote.number}.pdf"
        keep_paper(quote, content, name, actor=actor, source=language)
        with translation.override(language):
            words = _("%(text)s\n\nOpen the quote: %(link)s") % {"text": text.strip(), "link": link_of(quote)}
        queue_mail(
            account=account,
            to=[Address(quote.contact.name if quote.contact else "", to.lower())],
            subject=subject,
            text=words,
            actor=actor,
            files=[store_content(content, name, actor=actor)],
            about=quote,
        )
    return quote


def print_quote(quote: Quote, *, actor: Actor, language: str = "zh-hans") -> Any:
    """Keep the quote as a PDF, a version of its document; one of many lines is printed as a job."""
    if quote.lines.filter(deleted_at__isnull=True).count() > QUICK:
        start_pdf(quote, user=actor.user, language=language)
    else:
        keep_pdf(quote, actor=actor, language=language, name=quote.number)
    return None
