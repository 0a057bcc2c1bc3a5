"""Whose data it is, what must stay for now, and who must not come back unasked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PersonalField(models.Model):
    """What admins say about one field against what its kind and name tell. Not an entity: a setting."""

    entity = models.CharField(_("entity"), max_length=100)
    field = models.CharField(_("field"), max_length=100)
    personal = models.BooleanField(
        _("personal"),
        default=True,
        help_text=_("It is exported with a person's data and emptied when the person is erased."),
    )

    class Meta:
        verbose_name = _("personal field")
        verbose_name_plural = _("personal fields")
        ordering = ["entity", "field"]
        constraints = [models.UniqueConstraint(fields=["entity", "field"], name="one_word_per_personal_field")]

    def __str__(self) -> str:
        return f"{self.entity}.{self.field}"


class LegalHold(models.Model):
    """Why a person's data must be kept for now: it stands against erasure. Not an entity: kept on the person's page."""

    person_entity = models.CharField(_("entity"), max_length=100)
    person_id = models.BigIntegerField(_("record"))
    name = models.CharField(_("name of the hold"), max_length=200, help_text=_("Such as “Case 2026-17”."))
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("Empty: until it is released."))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        default_permissions = ("view",)
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["person_entity", "person_id"],
                condition=models.Q(released_at__isnull=True),
                name="legal_hold_of_person",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Suppression(models.Model):
    """A keyed hash of a number or address that was erased: it says that somebody must not come back, not who. Not an entity."""

    kind = models.CharField(_("kind"), max_length=20)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(_("since"), default=timezone.now)
    request = models.ForeignKey("privacy.PrivacyRequest", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        default_permissions = ("view", "delete")
        constraints = [models.UniqueConstraint(fields=["kind", "digest"], name="suppressed_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"


class SuppressionHit(models.Model):
    """A record that came in although its person was erased, where that is flagged and not refused. Not an entity."""

    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    cause = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["entity", "record_id"], name="one_suppression_hit_a_record")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"
