"""What is worked out about accounts and people: how complete their data is, how well things go. Fields of theirs beside the record."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.records.figures import Figures


class AccountProfile(Figures):
    """The figures of one account. ``risks`` maps the code of each risk that weighs to its points; ``before`` is the last other score."""

    account = models.OneToOneField(
        "customers.Account", models.CASCADE, primary_key=True, related_name="profile", editable=False
    )
    completeness = models.PositiveSmallIntegerField(_("completeness"), db_default=0, editable=False)
    health = models.PositiveSmallIntegerField(_("health"), db_default=100, editable=False)
    before = models.PositiveSmallIntegerField(null=True, editable=False)
    changed_on = models.DateField(null=True, editable=False)
    risks = models.JSONField(db_default={}, editable=False)

    class Meta(Figures.Meta):
        verbose_name = _("profile of an account")
        verbose_name_plural = _("profiles of accounts")
        indexes = [
            models.Index(fields=["completeness", "account"], name="account_completeness_order"),
            models.Index(fields=["health", "account"], name="account_health_order"),
        ]

    def __str__(self) -> str:
        return f"{self.completeness} % · {self.health}"


class ContactProfile(Figures):
    """The figures of one person."""

    contact = models.OneToOneField(
        "customers.Contact", models.CASCADE, primary_key=True, related_name="profile", editable=False
    )
    completeness = models.PositiveSmallIntegerField(_("completeness"), db_default=0, editable=False)

    class Meta(Figures.Meta):
        verbose_name = _("profile of a contact")
        verbose_name_plural = _("profiles of contacts")
        indexes = [models.Index(fields=["completeness", "contact"], name="contact_completeness_order")]

    def __str__(self) -> str:
        return f"{self.completeness} %"


class CompletenessWeight(models.Model):
    """How much a field counts for the completeness of a record. Not an entity: a list that admins keep in Django admin."""

    class Of(models.TextChoices):
        ACCOUNT = "customers.account", _("Accounts")
        CONTACT = "customers.contact", _("Contacts")

    entity = models.CharField(_("of"), max_length=100, choices=Of)
    field = models.CharField(_("field"), max_length=100)
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        default=10,
        validators=[MaxValueValidator(100)],
        help_text=_("Beside the weights of the other fields; 0: it does not count."),
    )

    class Meta:
        verbose_name = _("weight for completeness")
        verbose_name_plural = _("weights for completeness")
        ordering = ["entity", "-weight", "field"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "field"],
                name="completeness_weight_is_unique",
                violation_error_message=_("This field has a weight already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_entity_display()} · {self._named()}: {self.weight}"

    def _named(self) -> str:
        try:
            return str(apps.get_model(self.entity)._meta.get_field(self.field).verbose_name)
        except (LookupError, ValueError, FieldDoesNotExist):
            return self.field


class AdviceLater(models.Model):
    """A piece of advice that somebody does not want to read before a day. Not an entity: it is theirs alone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    code = models.CharField(max_length=60)
    until = models.DateField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "entity", "record_id", "code"], name="advice_later_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.code} → {self.until}"


class Suggestion(models.Model):
    """A value that a record might get: found elsewhere and still open, or settled by somebody. Not an entity: shown on its record."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Taken over")
        DISMISSED = "dismissed", _("Turned down")

    id = models.BigAutoField(primary_key=True)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    field = models.CharField(max_length=100)
    value = models.CharField(max_length=2000)
    source = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entity", "record_id", "field", "value"], name="suggestion_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id} {self.field}"
