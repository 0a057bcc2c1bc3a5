"""“Send an e-mail” and “Send a text message” as effects of rules, approvals and gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.entities.effects import ParamsForm, effect
from crm.entities.entity import Entity
from crm.messaging import consent
from crm.messaging.access import holders
from crm.messaging.mails import queue_mail
from crm.messaging.merging import check, merge, values_for
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailAccount, MessageTemplate
from crm.messaging.reaching import called, mailed, reaches
from crm.messaging.sms import provider_in_use, queue_sms
from crm.records.actor import Actor
from crm.records.models import Record

MAIL, SMS = MessageTemplate.Channel.MAIL, MessageTemplate.Channel.SMS


class PurposeForm(ParamsForm):
    """For what: by it is asked whether the person may be contacted."""

    channel = ""
    purpose = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Purpose"),
        help_text=gettext_lazy("Whoever did not agree to it, or objected, gets nothing."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict(consent.purposes(self.channel))
        usual = known.get(consent.SERVICE, gettext_lazy("Service"))
        others = [(code, name) for code, name in known.items() if code != consent.SERVICE]
        self.fields["purpose"].choices = [("", usual), *others]
        self.order_fields([name for name in self.fields if name != "purpose"])


class MailForm(PurposeForm):
    """From where, and which words."""

    channel = consent.EMAIL
    account = forms.ModelChoiceField(MailAccount.objects.none(), label=pgettext_lazy("of a message", "From"))
    template = forms.ModelChoiceField(
        MessageTemplate.objects.filter(active=True, channel=MAIL), required=False, label=gettext_lazy("Template")
    )
    subject = forms.CharField(max_length=300, required=False, label=gettext_lazy("Subject"))
    body = forms.CharField(
        max_length=20_000, required=False, label=pgettext_lazy("of a message", "Text"), widget=forms.Textarea
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = MailAccount.objects.filter(MailAccount.of(self.user.pk), active=True).exclude(smtp_host="").distinct()
        self.fields["account"].queryset = mine
        if not mine.exists():
            said = _("%(user)s has no mailbox that can send. Set one up under mail accounts, or let somebody else act.")
            self.fields["account"].help_text = said % {"user": self.user}

    def clean(self) -> dict[str, Any]:
        return _with_words(self, super().clean(), "subject", "body")


class SmsForm(PurposeForm):
    """Which words."""

    channel = consent.SMS
    template = forms.ModelChoiceField(
        MessageTemplate.objects.filter(active=True, channel=SMS), required=False, label=gettext_lazy("Template")
    )
    body = forms.CharField(
        max_length=1000, required=False, label=pgettext_lazy("of a message", "Text"), widget=forms.Textarea
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if provider_in_use() is None:
            self.fields["template"].help_text = _("No SMS provider is set up. An administrator can do that.")

    def clean(self) -> dict[str, Any]:
        return _with_words(self, super().clean(), "body")


def _with_words(form: forms.Form, given: dict[str, Any], *names: str) -> dict[str, Any]:
    """A template or words of one's own, with merge tags that can be read."""
    if not given.get("template") and not all(given.get(name) for name in names):
        form.add_error(None, _("Choose a template, or write the words here."))
    for name in names:
        try:
            check(given.get(name) or "")
        except ValidationError as error:
            form.add_error(name, error)
    return given


def _mailed(entity: Entity) -> bool:
    return entity.model in holders() and reaches(entity, "email")


def _called(entity: Entity) -> bool:
    return entity.model in holders() and reaches(entity, "phone")


def _said_mail(params: Mapping[str, Any]) -> str:
    return _("Send an e-mail: %(what)s") % {"what": params.get("template") or params.get("subject")}


def _said_sms(params: Mapping[str, Any]) -> str:
    return _("Send a text message: %(what)s") % {"what": params.get("template") or params.get("body")}


@effect(
    "send_mail",
    gettext_lazy("Send an e-mail"),
    "mail",
    form=MailForm,
    outside=True,
    permission="view",
    describe=_said_mail,
    fits=_mailed,
)
def send_mail(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """To the record's own address or whoever it leads to, within what the actor may know of them."""
    found = mailed(record, actor.user)
    if found is None:
        raise ValidationError(_("%(record)s has no e-mail address.") % {"record": record})
    person, reached = found
    values, template = values_for(actor.user, record), params.get("template")
    try:
        message = queue_mail(
            account=params["account"],
            to=[Address(str(person), reached.value.lower())],
            subject=merge(template.subject if template else params["subject"], values),
            text=merge(template.body if template else params["body"], values),
            actor=actor,
            about=record,
            person=person,
            purpose=params.get("purpose") or "",
        )
    except consent.Unwanted as error:
        return error.messages[0]
    return _("Queued an e-mail to %(address)s: %(subject)s") % {"address": reached.value, "subject": message}


@effect(
    "send_sms",
    gettext_lazy("Send a text message"),
    "message",
    form=SmsForm,
    outside=True,
    permission="view",
    describe=_said_sms,
    fits=_called,
)
def send_sms(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """To the record's first number or that of whoever it leads to, within what the actor may know of them."""
    found = called(record, actor.user)
    if found is None:
        raise ValidationError(_("%(record)s has no telephone number.") % {"record": record})
    person, reached = found
    template = params.get("template")
    text = merge(template.body if template else params["body"], values_for(actor.user, record))
    try:
        queue_sms(
            record,
            number=reached.value,
            text=text,
            actor=actor,
            person=person,
            purpose=params.get("purpose") or "",
        )
    except consent.Unwanted as error:
        return error.messages[0]
    return _("Queued a text message to %(number)s.") % {"number": reached.value}
