"""What makes two records look like the same thing, what the house does about it, and who holds what."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.matching.cases.models import CollisionCase, Registration  # noqa: F401 - found by Django here
from crm.matching.merging.models import MergedRecord, MergeItem, MergeOperation  # noqa: F401 - found by Django here


class MatchKey(models.Model):
    """One normalised value of a record by which duplicates are found. Not an entity: it follows its record."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company name")
        PERSON = "person", _("Person name")
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")
        TAX_ID = "tax_id", _("Tax id")
        DOMAIN = "domain", _("Website or e-mail domain")
        SOUND = "sound", _("Sound of the name")

    id = models.BigAutoField(primary_key=True)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    value = models.CharField(max_length=300)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint("entity", "record_id", "kind", "value", name="match_key_is_unique")]
        indexes = [models.Index("kind", "value", name="match_key_value")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id} {self.kind} {self.value}"


class MatchRule(models.Model):
    """What the house does where one kind of value is shared. Without a rule a shared value warns. Not an entity: admins keep it."""

    class Level(models.TextChoices):
        IGNORE = "ignore", _("Ignore")
        WARN = "warn", _("Warn")
        BLOCK = "block", _("Refuse")

    # What may be refused by: a value that means the same wherever it stands.
    BLOCKING = ("company", "phone", "email", "tax_id", "person")

    kind = models.CharField(_("what agrees"), max_length=20, choices=MatchKey.Kind)
    entities = ArrayField(models.CharField(max_length=100), verbose_name=_("among"))
    level = models.CharField(_("then"), max_length=10, choices=Level, default=Level.WARN)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("duplicate rule")
        verbose_name_plural = _("duplicate rules")
        ordering = ["kind", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(level="block")
                | models.Q(kind__in=["company", "phone", "email", "tax_id", "person"]),
                name="match_rule_blocks_by_what_is_sure",
                violation_error_message=_(
                    "Only names, numbers, addresses and tax ids can refuse; the others may warn."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_level_display()}"


class MatchPolicy(models.Model):
    """How duplicates of one entity are judged and what is told of a record that the reader may not see. Not an entity: admins keep it."""

    entity = models.CharField(_("entity"), max_length=100, unique=True)
    warn_from = models.PositiveSmallIntegerField(
        _("warn from"), default=70, help_text=_("Points out of 100: above them two records look like the same thing.")
    )
    across = models.BooleanField(
        _("compare with other entities"), default=True, help_text=_("A lead with accounts and contacts, and so on.")
    )
    tell_owner = models.BooleanField(_("tell whose it is"), default=True)
    tell_department = models.BooleanField(_("tell the department"), default=False)
    tell_stage = models.BooleanField(_("tell the stage"), default=True)
    answer_hours = models.PositiveSmallIntegerField(
        _("hours to answer"), default=24, help_text=_("How long the holder has, and then whoever arbitrates.")
    )
    protect_days = models.PositiveSmallIntegerField(
        _("days of protection"), default=30, help_text=_("How long what was registered first is kept for whoever did.")
    )
    arbiter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("arbiter"),
        help_text=_("Empty: the head of the holder's department."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("duplicate policy")
        verbose_name_plural = _("duplicate policies")
        ordering = ["entity"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(warn_from__range=(1, 100)),
                name="match_policy_is_in_points",
                violation_error_message=_("Enter points from 1 to 100."),
            ),
            models.CheckConstraint(
                condition=models.Q(answer_hours__gte=1, protect_days__gte=1),
                name="match_policy_gives_time",
                violation_error_message=_("Give at least an hour to answer and a day of protection."),
            ),
        ]

    def __str__(self) -> str:
        return self.entity


class UniqueKey(models.Model):
    """Who holds a value that a rule lets only one record have. The database keeps it unique, whoever writes at the same moment."""

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(MatchRule, models.CASCADE, db_index=False, related_name="keys")
    value = models.CharField(max_length=320)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["rule", "value"], name="unique_key_has_one_holder")]
        indexes = [models.Index(fields=["entity", "record_id"], name="unique_key_holder")]

    def __str__(self) -> str:
        return f"{self.value} · {self.entity} {self.record_id}"


class KeyState(models.Model):
    """By which version of ``keys.py`` the keys of an entity were worked out, and when its pairs were last looked for."""

    entity = models.CharField(max_length=100, unique=True)
    version = models.PositiveIntegerField(default=0)
    scanned_at = models.DateTimeField(null=True)
    newest_key = models.BigIntegerField(default=0)
    before_key = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.entity} {self.version}"


class DuplicateCandidate(models.Model):
    """Two records of one entity that look like the same thing, for stewards to judge. Not an entity: it follows its records.

    ``reasons`` are [kind, percent or null]; ``scan`` is the last scan that saw the pair.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be judged")
        DISTINCT = "distinct", _("Not a duplicate")
        MERGED = "merged", _("Merged")
        GONE = "gone", _("No longer alike")

    id = models.BigAutoField(primary_key=True)
    entity = models.CharField(max_length=100)
    first_id = models.BigIntegerField()
    second_id = models.BigIntegerField()
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    judged_at = models.DateTimeField(null=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entity", "first_id", "second_id"], name="candidate_is_one_pair"),
            models.CheckConstraint(
                condition=models.Q(first_id__lt=models.F("second_id")), name="candidate_is_in_order"
            ),
        ]
        indexes = [
            models.Index(
                fields=["entity", "-score", "-id"], condition=models.Q(state="open"), name="candidate_to_judge"
            ),
            models.Index(fields=["entity", "second_id"], name="candidate_second"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.first_id} ≈ {self.second_id}"
