"""Programs that send us data in their own shape: how it becomes records, and what became of each delivery."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.messaging.secrets import SecretField

PATH = r"=.*|[^.\[\]\s][^.\[\]]*(\[\d{1,3}\])*(\.[^.\[\]]+(\[\d{1,3}\])*)*"


def new_token() -> str:
    """The part of the address that names a connection; it is no secret, the signature is."""
    return secrets.token_urlsafe(9)


def new_secret() -> str:
    """What both sides sign with."""
    return secrets.token_urlsafe(32)


class Connection(models.Model):
    """One program that calls us. Not an entity: a setting that admins keep. What it sends is written as ``user`` would write it."""

    class Mode(models.TextChoices):
        UPSERT = "upsert", _("Update existing ones, create the others")
        CREATE = "create", _("Only create new ones")
        UPDATE = "update", _("Only update existing ones")

    name = models.CharField(_("name"), max_length=100, unique=True)
    token = models.CharField(_("token"), max_length=40, unique=True, default=new_token, editable=False)
    secret = SecretField(
        _("secret"),
        blank=True,
        help_text=_("Both sides sign with it. Leave empty to have one made, which is shown once."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("acts as"),
        help_text=_("The program writes what this person may write."),
    )
    entity = models.CharField(
        _("makes"), max_length=100, blank=True, help_text=_("Empty: it only sends what people did (events).")
    )
    active = models.BooleanField(_("in use"), default=True)
    items = models.CharField(
        _("where the list is"),
        max_length=200,
        blank=True,
        validators=[RegexValidator(rf"\A({PATH})?\Z")],
        help_text=_("The path to the list of records in the body, such as data.items. Empty: the body is one record."),
    )
    key = models.CharField(
        _("where the external id is"),
        max_length=200,
        blank=True,
        validators=[RegexValidator(rf"\A({PATH})?\Z")],
        help_text=_("The path to the id of a record in the other program, such as id. By it a record is found again."),
    )
    mode = models.CharField(_("what to do"), max_length=10, choices=Mode, default=Mode.UPSERT)
    by_match = models.BooleanField(
        _("also recognise by phone, e-mail or tax id"),
        default=True,
        help_text=_("A record that has the same one is updated instead of a second one made."),
    )
    sample = models.JSONField(
        _("sample"),
        default=dict,
        blank=True,
        help_text=_("A body as the program sends it: its paths are offered below."),
    )

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Mapping(models.Model):
    """Which value of a record that comes in goes to which field. Not an entity: a part of its connection."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="mappings")
    path = models.CharField(
        _("path"),
        max_length=200,
        validators=[RegexValidator(rf"\A({PATH})\Z")],
        help_text=_("Such as customer.phones[0]; = and a text is that text for every record."),
    )
    field = models.CharField(_("field"), max_length=100)

    class Meta:
        verbose_name = _("field of a connection")
        verbose_name_plural = _("fields of a connection")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "field"],
                name="field_is_mapped_once",
                violation_error_message=_("Another path goes to that field already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.path} → {self.field}"


class ExternalId(models.Model):
    """By which id another program knows a record. Not an entity: it follows its record."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    value = models.CharField(max_length=200)
    on_entity = models.CharField(max_length=100)
    on_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["connection", "value"], name="external_id_is_unique")]
        indexes = [models.Index(fields=["on_entity", "on_id"], name="external_id_of")]

    def __str__(self) -> str:
        return self.value


class Delivery(models.Model):
    """One call: its body, and what became of the records in it. Not an entity: an inbox that admins read.

    ``results`` holds for each record in its order ``done`` (created, updated, same, failed), ``id`` or ``errors``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        PARTLY = "partly", _("Done in part")
        FAILED = "failed", _("Failed")

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="deliveries", verbose_name=_("connection"))
    key = models.CharField(_("key"), max_length=100)
    at = models.DateTimeField(_("at"), default=timezone.now)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    error = models.CharField(_("error"), max_length=500, blank=True)
    results = models.JSONField(_("results"), default=list)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    address = models.GenericIPAddressField(_("address"), null=True)

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("delivery from outside")
        verbose_name_plural = _("deliveries from outside")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="inbound_is_taken_once")]
        indexes = [models.Index(fields=["at"], name="inbound_at")]

    def __str__(self) -> str:
        return f"{self.connection} {self.at:%Y-%m-%d %H:%M:%S}"
