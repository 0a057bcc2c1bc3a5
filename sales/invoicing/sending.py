"""An invoice on its way to the customer."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.files.services import files_of, store_content
from crm.files.storage import open_content
from crm.messaging.mails import queue_mail
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailAccount
from crm.records.actor import Actor
from sales.invoicing.models import Invoice
from sales.invoicing.services import deliver_invoice


@transaction.atomic
def send_invoice(invoice: Invoice, *, actor: Actor, account: MailAccount, to: str, subject: str, text: str) -> Invoice:
    """Mail its newest file; from now on the customer has it. ValidationError without a file, or where the mailbox can't send."""
    file = next(iter(files_of(invoice)), None)
    if file is None:
        raise ValidationError(_("Add the file of the invoice first."))
    invoice = deliver_invoice(invoice, actor=actor, to=to)
    with open_content(file.sha256) as content:
        copy = store_content(content.read(), file.name, actor=actor)
    name = invoice.contact.name if invoice.contact else ""
    queue_mail(
        account=account,
        to=[Address(name, to.lower())],
        subject=subject,
        text=text,
        actor=actor,
        files=[copy],
        about=invoice,
    )
    return invoice
