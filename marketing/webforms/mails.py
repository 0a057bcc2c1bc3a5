"""The mail that asks somebody to confirm that an address is theirs."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.records.models import Outgoing
from crm.records.outgoing import NotSent, outgoing_kind
from marketing.models import FormSubmission
from marketing.webforms.receiving import CONFIRM_MAIL
from marketing.webforms.stamps import confirm_token


@outgoing_kind(CONFIRM_MAIL, label=gettext_lazy("Confirm an e-mail address"))
def send_confirm(outgoing: Outgoing) -> dict[str, Any]:
    """One mail with one link. It holds nothing of what was typed: anybody may type anybody's address."""
    submission = FormSubmission.objects.select_related("form").filter(pk=outgoing.payload["submission"]).first()
    if submission is None or submission.state != FormSubmission.State.WAITING:
        return {"skipped": "gone"}
    with translation.override(submission.language or settings.LANGUAGE_CODE):
        link = settings.PUBLIC_URL + reverse("marketing:form_confirm", args=[confirm_token(submission.pk)])
        context = {"form": submission.form, "title": submission.form.said("title"), "link": link}
        text = render_to_string("marketing/confirm_mail.txt", context | {"company": settings.COMPANY_NAME})
        subject = _("Please confirm your e-mail address") + f" · {settings.COMPANY_NAME}"
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{outgoing.kind}-{outgoing.key}@{host}>", "Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(subject, text, to=[submission.email], headers=headers).send()
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent(str(error), final=True) from error
    except (smtplib.SMTPException, ConnectionError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    return {"to": submission.email}
