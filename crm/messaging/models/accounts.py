"""Where mail comes from and goes to."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.messaging.secrets import SecretField

PORT = [MinValueValidator(1), MaxValueValidator(65535)]


def inbox() -> list[str]:
    """The folder that every account has."""
    return ["INBOX"]


def a_month_ago() -> object:
    """How far back a new account is read."""
    return timezone.localdate() - timedelta(days=30)


class Security(models.TextChoices):
    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("None (not encrypted)")


class Privacy(models.TextChoices):
    PARTICIPANTS = "participants", _("Only who wrote or received it")
    TEAM = "team", _("The owner's team")
    RECORD = "record", _("Everyone who may see the record")


class MailAccount(models.Model):
    """A mailbox: one person's, or shared by its members. Not an entity: its owner, its members and admins alone have to do with it.

    ``shows_private``: a private mail is told on the timeline as “a private e-mail”; otherwise not at all.
    """

    class State(models.TextChoices):
        NEW = "new", _("Not tested yet")
        FINE = "fine", _("Works")
        FAILING = "failing", _("Fails")

    name = models.CharField(_("name"), max_length=100, help_text=_("What recipients see beside the address."))
    address = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="mail_accounts",
        verbose_name=_("owner"),
        help_text=_("Who it belongs to, or who is responsible for a shared one."),
    )
    shared = models.BooleanField(_("shared"), default=False)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="shared_mail_accounts",
        verbose_name=_("members"),
        help_text=_("Who reads and answers the mail of a shared account."),
    )
    active = models.BooleanField(_("in use"), default=True)
    system = models.BooleanField(
        _("sends the program's own mail"),
        default=False,
        help_text=_("Notifications and new passwords go out from here where EMAIL_URL is not set."),
    )
    user = models.CharField(_("user name"), max_length=254, blank=True, help_text=_("Empty: the e-mail address."))
    secret = SecretField(_("password or authorisation code"), blank=True)
    smtp_host = models.CharField(_("SMTP server"), max_length=253, blank=True)
    smtp_port = models.PositiveIntegerField(_("SMTP port"), default=465, validators=PORT)
    smtp_security = models.CharField(_("SMTP encryption"), max_length=10, choices=Security, default=Security.TLS)
    imap_host = models.CharField(_("IMAP server"), max_length=253, blank=True)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993, validators=PORT)
    imap_security = models.CharField(_("IMAP encryption"), max_length=10, choices=Security, default=Security.TLS)
    folders = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("folders"),
        default=inbox,
        help_text=_("Folders to read, separated by commas; the folder of sent mail, too, if it shall be read."),
    )
    since = models.DateField(_("read mail since"), default=a_month_ago)
    signature = models.TextField(_("signature"), max_length=5000, blank=True)
    privacy = models.CharField(
        _("who sees mail of this account"), max_length=15, choices=Privacy, default=Privacy.RECORD
    )
    shows_private = models.BooleanField(
        _("name private mail on timelines"),
        default=False,
        help_text=_("Others then read “a private e-mail”; otherwise they read nothing of it."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW, editable=False)
    error = models.TextField(_("last error"), blank=True, editable=False)
    synced_at = models.DateTimeField(_("last read"), null=True, editable=False)
    next_poll_at = models.DateTimeField(default=timezone.now, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("mail account")
        verbose_name_plural = _("mail accounts")
        ordering = ["shared", "name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["system"],
                condition=Q(system=True),
                name="one_system_mail_account",
                violation_error_message=_("Another account sends the program's own mail already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"

    @property
    def sign_in(self) -> str:
        """The user name at both servers."""
        return self.user or self.address

    @property
    def can_send(self) -> bool:
        return self.active and bool(self.smtp_host)

    @classmethod
    def of(cls, user: object) -> Q:
        """The condition on accounts that ``user`` reads and writes with."""
        return Q(owner=user) | Q(shared=True, members=user)


class MailFolder(models.Model):
    """How far a folder was read. Not an entity: a part of its account."""

    account = models.ForeignKey(MailAccount, models.CASCADE, related_name="states")
    name = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="mail_folder_is_unique")]

    def __str__(self) -> str:
        return self.name
