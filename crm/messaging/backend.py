"""The program's own mail (notifications, new passwords) where the environment names no server: by the account that admins chose."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from email.utils import formataddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from crm.messaging import smtp
from crm.messaging.mails import smtp_server
from crm.messaging.models import MailAccount
from crm.records.outgoing import NotSent


class AccountBackend(BaseEmailBackend):
    """Without such an account nothing is sent, as nothing is set up."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each of the mails; returns how many went out."""
        account = MailAccount.objects.filter(system=True, active=True).exclude(smtp_host="").first()
        if account is None or not email_messages:
            return 0
        try:
            return self._send(account, email_messages)
        except NotSent as refused:
            if self.fail_silently:
                return 0
            raise smtplib.SMTPConnectError(550 if refused.final else 421, str(refused)) from refused

    def _send(self, account: MailAccount, mails: Sequence[EmailMessage], **_options: Any) -> int:
        sent = 0
        with smtp.connected(smtp_server(account), settings.EMAIL_TIMEOUT) as client:
            for mail in mails:
                if mail.from_email == settings.DEFAULT_FROM_EMAIL:
                    mail.from_email = formataddr((account.name, account.address))
                if recipients := mail.recipients():
                    smtp.deliver(client, account.address, recipients, mail.message().as_bytes(linesep="\r\n"))
                    sent += 1
        return sent
