"""Who may be told what by which way, and what shows it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

ANY = "any"


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    CALL = "call", _("Phone call")
    WECHAT = "wechat", _("WeChat")
    POST = "post", _("Letter")


def every_channel() -> list[str]:
    """What a purpose is about unless said otherwise."""
    return list(Channel.values)


class ConsentPurpose(models.Model):
    """What data are used for. Not an entity: a list that admins keep."""

    class Basis(models.TextChoices):
        CONSENT = "consent", _("Consent")
        CONTRACT = "contract", _("Contract")
        OBLIGATION = "obligation", _("Legal obligation")
        INTEREST = "interest", _("Legitimate interest")

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100)
    basis = models.CharField(
        _("lawful basis"),
        max_length=20,
        choices=Basis,
        default=Basis.CONSENT,
        help_text=_("Without consent as its basis people are contacted until they object."),
    )
    marketing = models.BooleanField(_("marketing"), default=True)
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel), verbose_name=_("channels"), default=every_channel
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("purpose of consent")
        verbose_name_plural = _("purposes of consent")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.said("name")

    def said(self, what: str) -> str:
        """A text of it in the reader's language."""
        return getattr(self, f"{what}_{'zh' if (get_language() or '').startswith('zh') else 'en'}")


class ConsentText(models.Model):
    """What people are asked, word for word. A new wording is a new version; versions never change. Not an entity."""

    purpose = models.ForeignKey(ConsentPurpose, models.PROTECT, related_name="texts", verbose_name=_("purpose"))
    version = models.PositiveIntegerField(_("version"), editable=False)
    text_zh = models.TextField(_("text in Chinese"), max_length=5000)
    text_en = models.TextField(_("text in English"), max_length=5000)
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("text of consent")
        verbose_name_plural = _("texts of consent")
        default_permissions = ("add", "view")
        ordering = ["purpose", "-version"]
        constraints = [models.UniqueConstraint(fields=["purpose", "version"], name="one_consent_text_a_version")]

    def __str__(self) -> str:
        return f"{self.purpose} v{self.version}"


class ConsentRecord(models.Model):
    """Somebody agreed or withdrew: a line of an append-only ledger; what holds now is derived. Not an entity.

    ``channel`` is “any” where it is about all ways. The person is named by entity and number.
    """

    person_entity = models.CharField(max_length=100)
    person_id = models.BigIntegerField()
    purpose = models.ForeignKey(ConsentPurpose, models.PROTECT, related_name="records", verbose_name=_("purpose"))
    channel = models.CharField(_("channel"), max_length=10, default=ANY)
    granted = models.BooleanField(_("granted"))
    basis = models.CharField(_("lawful basis"), max_length=20, choices=ConsentPurpose.Basis)
    text = models.ForeignKey(ConsentText, models.PROTECT, null=True, related_name="+", verbose_name=_("text"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    source = models.CharField(_("source"), max_length=100)
    proof = models.CharField(_("proof"), max_length=500, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        default_permissions = ("view",)
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["person_entity", "person_id", "-id"], name="consent_of_person")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.channel}"

    @property
    def channel_label(self) -> str:
        return str(Channel(self.channel).label) if self.channel in Channel.values else str(_("All channels"))
