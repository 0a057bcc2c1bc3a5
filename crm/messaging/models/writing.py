"""What is being written: drafts, and texts that are used again and again."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.messaging.models.accounts import MailAccount
from crm.messaging.models.mail import MailMessage


class MailDraft(models.Model):
    """A mail that somebody is writing. Not an entity: nobody but the writer ever sees it."""

    writer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mail_drafts")
    account = models.ForeignKey(MailAccount, models.CASCADE, null=True, related_name="+")
    to = models.TextField(blank=True)
    cc = models.TextField(blank=True)
    bcc = models.TextField(blank=True)
    subject = models.CharField(max_length=500, blank=True)
    body = models.TextField(blank=True)
    privacy = models.CharField(max_length=15, blank=True)
    answers = models.ForeignKey(MailMessage, models.SET_NULL, null=True, related_name="+")
    files = ArrayField(models.BigIntegerField(), default=list)
    entity = models.CharField(max_length=100, blank=True)
    record_id = models.BigIntegerField(null=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        ordering = ["-saved_at"]

    def __str__(self) -> str:
        return self.subject


class MessageTemplate(models.Model):
    """A text to start from, with merge tags (Liquid). Not an entity: a list that admins keep."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail")
        SMS = "sms", _("Text message")

    name = models.CharField(_("name"), max_length=100)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.MAIL)
    entity = models.CharField(pgettext_lazy("of a template", "for"), max_length=100, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(pgettext_lazy("of a message", "text"), max_length=20_000)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["channel", "name"], name="message_template_name_is_unique")]

    def __str__(self) -> str:
        return self.name
