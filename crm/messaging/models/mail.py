"""Mails, their threads, where they lie, what they are about."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.entities.entity import registry
from crm.messaging.access import Correspondence
from crm.messaging.models.accounts import MailAccount, Privacy
from crm.records.indexes import ALIVE
from crm.records.models import Record

SNIPPET = 200


class MailThread(models.Model):
    """Mails that answer each other. Not an entity: its mails are."""

    subject = models.CharField(_("subject"), max_length=500, blank=True)
    bare_subject = models.CharField(max_length=300, blank=True)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["bare_subject", "-last_at"], name="mailthread_subject")]

    def __str__(self) -> str:
        return self.subject


class MailMessage(Record):
    """One mail, once for the whole house, however many of our mailboxes hold it. Only services make and change it.

    ``participants`` are the users who wrote or received it; ``addresses`` all addresses in it. ``fingerprint`` tells whether
    a mail is here already.
    """

    access = Correspondence()
    derived = ("state", "error", "sent_at", "seen_at", "bounced_at", "bounce", "participants")

    class Direction(models.TextChoices):
        IN = "in", _("Received")
        OUT = "out", _("Sent")

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        QUEUED = "queued", _("Waiting to be sent")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("Unknown: send again?")
        FAILED = "failed", _("Not sent")
        CANCELLED = "cancelled", _("Taken back")

    account = models.ForeignKey(
        MailAccount, models.PROTECT, related_name="messages", verbose_name=_("mail account"), editable=False
    )
    thread = models.ForeignKey(MailThread, models.PROTECT, related_name="messages", editable=False)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED, editable=False)
    message_id = models.CharField(max_length=400, blank=True, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    references = ArrayField(models.CharField(max_length=400), default=list, editable=False)
    subject = models.CharField(_("subject"), max_length=500, blank=True, editable=False)
    sender_name = models.CharField(_("sender"), max_length=200, blank=True, editable=False)
    sender = models.CharField(_("sender's address"), max_length=320, blank=True, editable=False)
    recipients = models.JSONField(_("recipients"), default=list, editable=False)
    addresses = ArrayField(models.CharField(max_length=320), default=list, editable=False)
    participants = ArrayField(models.BigIntegerField(), default=list, editable=False)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    text = models.TextField(pgettext_lazy("of a message", "text"), blank=True, editable=False)
    html = models.TextField(blank=True, editable=False)
    snippet = models.CharField(max_length=SNIPPET, blank=True, editable=False)
    remote_images = models.PositiveIntegerField(default=0, editable=False)
    size = models.BigIntegerField(_("size"), default=0, editable=False)
    cut = models.BooleanField(default=False, editable=False)
    automatic = models.BooleanField(_("written by a program"), default=False, editable=False)
    privacy = models.CharField(_("who sees it"), max_length=15, choices=Privacy, default=Privacy.RECORD, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(_("error"), blank=True, editable=False)
    bounced_at = models.DateTimeField(_("came back"), null=True, editable=False)
    bounce = models.JSONField(default=dict, editable=False)
    is_bounce = models.BooleanField(default=False, editable=False)
    logged = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        constraints = [models.UniqueConstraint(fields=["fingerprint"], name="mail_is_here_once")]
        indexes = [
            models.Index(fields=["account", "direction", "-sent_at", "-id"], condition=ALIVE, name="mail_account_box"),
            models.Index(fields=["thread", "sent_at"], name="mail_thread_sent"),
            models.Index(fields=["message_id"], name="mail_message_id"),
            models.Index(fields=["owner", "-sent_at"], condition=ALIVE, name="mail_owner_sent"),
            GinIndex(fields=["participants"], name="mail_participants"),
            GinIndex(fields=["addresses"], name="mail_addresses"),
        ]

    def __str__(self) -> str:
        return self.subject or str(_("(no subject)"))

    def linked_subjects(self) -> list[models.Model]:
        """The records on whose timelines it is told that it came or went: those it is linked to, and those above them."""
        found: dict[tuple[str, int], models.Model] = {}
        for link in self.links.all() if self.pk else ():
            record = link.record
            for subject in record.timeline_subjects() if record is not None else ():
                if subject is not None and subject.pk:
                    found.setdefault((subject._meta.label_lower, subject.pk), subject)
        return list(found.values())

    @property
    def people(self) -> str:
        """Whom it is from or to, in a few words."""
        if self.direction == self.Direction.IN:
            return self.sender_name or self.sender
        names = [person["name"] or person["address"] for person in self.recipients]
        return "、".join(names[:3]) + ("…" if len(names) > 3 else "")

    @property
    def waits(self) -> bool:
        return self.state == self.State.QUEUED


class MailCopy(models.Model):
    """Where a mail lies at a server: exactly once by account, folder, UIDVALIDITY and UID. Not an entity: a part of its mail."""

    message = models.ForeignKey(MailMessage, models.CASCADE, related_name="copies")
    account = models.ForeignKey(MailAccount, models.PROTECT, related_name="copies")
    folder = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    # Whether the mail is listed under another account of ours: few are, and the lists of this account look for them.
    elsewhere = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "folder", "uidvalidity", "uid"], name="mail_copy_is_unique")
        ]
        indexes = [
            models.Index(fields=["account"], condition=models.Q(elsewhere=True), name="mail_copy_elsewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.folder} {self.uid}"


class MailLink(models.Model):
    """A record that a mail is about: found by an address, or chosen by a person. Not an entity: a part of its mail."""

    class How(models.TextChoices):
        ADDRESS = "address", _("By address")
        THREAD = "thread", _("By thread")
        HAND = "hand", _("By hand")

    message = models.ForeignKey(MailMessage, models.CASCADE, related_name="links")
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    how = models.CharField(max_length=10, choices=How, default=How.ADDRESS)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["message", "entity", "record_id"], name="mail_link_is_unique")]
        indexes = [models.Index(fields=["entity", "record_id"], name="mail_link_record")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"

    @property
    def record(self) -> models.Model | None:
        """The living record, whoever asks."""
        entity = registry.get(self.entity)
        return entity.model._base_manager.filter(pk=self.record_id, deleted_at__isnull=True).first() if entity else None


class MailAttachment(models.Model):
    """A file of a mail, in order; ``file`` is None where it was too large to keep. Not an entity: its file is."""

    message = models.ForeignKey(MailMessage, models.CASCADE, related_name="attachments")
    file = models.ForeignKey("files.StoredFile", models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField(default=0)
    cid = models.CharField(max_length=200, blank=True)
    inline = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class MailSetAside(models.Model):
    """A mail that could not be taken in, with the reason: the rest went on. Not an entity: whoever has the account decides on it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Set aside")
        DONE = "done", _("Taken in later")
        DROPPED = "dropped", _("Dropped")

    account = models.ForeignKey(MailAccount, models.PROTECT, related_name="set_aside")
    folder = models.CharField(_("folder"), max_length=200)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField(_("number at the server"))
    reason = models.TextField(_("reason"))
    raw = models.BinaryField(default=bytes)
    size = models.BigIntegerField(_("size"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("mail set aside")
        verbose_name_plural = _("mails set aside")
        constraints = [
            models.UniqueConstraint(fields=["account", "folder", "uidvalidity", "uid"], name="mail_set_aside_once")
        ]

    def __str__(self) -> str:
        return f"{self.folder} {self.uid}"
