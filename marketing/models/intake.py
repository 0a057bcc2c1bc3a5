"""Mailboxes that bring leads."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.messaging.models import MailAccount


class MailIntake(models.Model):
    """A mailbox whose unknown writers become leads, from the day on that this was said."""

    account = models.OneToOneField(
        MailAccount, models.CASCADE, related_name="+", verbose_name=_("mail account"), limit_choices_to={"shared": True}
    )
    source = models.ForeignKey(
        "customers.Source", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    active = models.BooleanField(_("in use"), default=True)
    since = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("leads by e-mail")
        verbose_name_plural = _("leads by e-mail")

    def __str__(self) -> str:
        return str(self.account)
