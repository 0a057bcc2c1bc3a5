"""What comes in by a public form: checked for spam and repetition, kept in any case, then taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.privacy.models import ConsentText
from crm.records.actor import Actor
from crm.records.outgoing import queue_outgoing
from customers.tracing import Trail
from marketing.models import FormSubmission, WebForm
from marketing.webforms.stamps import Stamp
from marketing.webforms.taking import take

State = FormSubmission.State
TRAP = "leave_empty"
CONFIRM_MAIL = "marketing.form.confirm"
# Links in what should be a name or a wish: what spam is made of.
LINKS = 3


@dataclass(frozen=True)
class Visit:
    """Who sends, as far as the request tells."""

    address: str | None
    agent: str
    trail: Trail


def is_too_often(form: WebForm, address: str | None) -> bool:
    """Whether the address has sent as much within an hour as the form lets one."""
    if not address:
        return False
    since = timezone.now() - timedelta(hours=1)
    return form.submissions.filter(address=address, at__gt=since)[: form.per_hour].count() >= form.per_hour


def count_view(form: WebForm) -> None:
    """One more look at the form today."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into marketing_formday (form_id, day, views) values (%s, %s, 1)"
            " on conflict (form_id, day) do update set views = marketing_formday.views + 1",
            [form.pk, timezone.localdate()],
        )


def receive(
    form: WebForm, values: Mapping[str, list[str]], *, stamp: Stamp, consented: bool, spam: str, visit: Visit
) -> FormSubmission:
    """Keep a submission that the form found valid, and take it, unless it is spam or waits for the e-mail to be confirmed.

    The same page sent twice is one submission.
    """
    submission = FormSubmission(
        form=form,
        key=stamp.key,
        # Until it is taken: should the program end right here, it is found among the failed ones.
        state=State.FAILED,
        reason=_("Not taken yet."),
        values=dict(values),
        consent=consent_of(form, consented),
        trail=visit.trail.as_dict(),
        email=_email(values),
        address=visit.address,
        agent=visit.agent,
        language=get_language() or settings.LANGUAGE_CODE,
    )
    try:
        with transaction.atomic():
            submission.save(force_insert=True)
    except IntegrityError:
        return form.submissions.get(key=stamp.key)
    if spam:
        return _set(submission, State.SPAM, spam)
    if form.confirm_email and submission.email:
        return _ask(submission)
    return take(submission)


def words_of(form: WebForm) -> tuple[str, int, ConsentText | None]:
    """(text, version, text of the ledger) that stand beside the box: the form's own, else those of its purpose; "" for no box."""
    if text := form.said("consent"):
        return text, form.consent_version, None
    of = form.purpose.texts.first() if form.purpose_id else None
    if of is None:
        return "", 0, None
    return (of.text_zh if (get_language() or "").startswith("zh") else of.text_en), of.version, of


def consent_of(form: WebForm, consented: bool) -> dict[str, Any]:
    """The words that stood beside the box, their version, and whether it was ticked; nothing where the form asks for none."""
    text, version, of = words_of(form)
    if not text:
        return {}
    told = {"text": text, "version": version, "given": consented, "language": get_language()}
    return told | ({"ledger": of.pk} if of else {})


def looks_like_spam(values: Mapping[str, list[str]], trap: str) -> str:
    """Why it is taken for spam; empty when it is not."""
    if trap:
        return _("A field was filled in that people do not see.")
    if sum(text.count("://") for texts in values.values() for text in texts) > LINKS:
        return _("It holds many links.")
    return ""


@transaction.atomic
def _ask(submission: FormSubmission) -> FormSubmission:
    queue_outgoing(
        CONFIRM_MAIL, str(submission.pk), {"submission": submission.pk}, actor=Actor(None, f"form:{submission.form_id}")
    )
    return _set(submission, State.WAITING, "")


def _set(submission: FormSubmission, state: str, reason: str) -> FormSubmission:
    submission.state, submission.reason = state, reason
    submission.save(update_fields=["state", "reason"])
    return submission


def _email(values: Mapping[str, list[str]]) -> str:
    """The address among the values, if it is one."""
    text = next(iter(values.get("email", ())), "").strip()
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text[:254]
