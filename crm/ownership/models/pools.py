"""Pools (公海, 线索池): where records lie that nobody owns, who is of a pool, and what members may take from it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.models import Role
from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.users.models import Department

MOST_DAYS = 3650


def _days(label: str, help_text: str = "") -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        label, default=0, validators=[MaxValueValidator(MOST_DAYS)], help_text=help_text
    )


class Pool(models.Model):
    """A place for records without an owner. Not an entity: kept in Django admin.

    Its members see what lies in it, without the fields that are hidden until claimed, and claim; its keepers see all of it,
    assign from it and move records to other pools. ``condition`` says which records it takes.
    """

    access = Open()
    shown_by = ("name",)

    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("The lowest is asked first."))
    active = models.BooleanField(_("in use"), default=True)
    condition = models.JSONField(_("takes records where"), default=dict, blank=True)
    hidden = ArrayField(
        models.CharField(max_length=100), verbose_name=_("hidden until claimed"), default=list, blank=True
    )
    per_day = models.PositiveIntegerField(
        _("claims a day at most"), null=True, blank=True, help_text=_("For each member. Empty: as many as they like.")
    )
    views_per_day = models.PositiveIntegerField(
        _("records opened a day at most"),
        null=True,
        blank=True,
        help_text=_("How many records of the pool each member may open a day before claiming. Empty: all."),
    )
    cool_down_days = _days(_("days until a previous owner may claim again"))
    fresh_hours = models.PositiveSmallIntegerField(
        _("hours until a new record may be claimed"),
        default=0,
        help_text=_("So long keepers alone give away what has just come in."),
    )
    takes_notes = models.BooleanField(
        _("members may write follow-ups"),
        default=False,
        help_text=_("About what lies there, before they claim it. Otherwise its keepers alone write there."),
    )
    takes_unassigned = models.BooleanField(
        _("takes new records that nobody was named for"),
        default=False,
        help_text=_("From imports, forms and programs, where no assignment rule finds somebody."),
    )

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("pool")
        verbose_name_plural = _("pools")
        ordering = ["entity", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "name"],
                name="pool_name_is_unique",
                violation_error_message=_("There is a pool of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class PoolMember(models.Model):
    """A person, a role or a department (with those below it) that is of a pool; a keeper gives its records away."""

    pool = models.ForeignKey(Pool, models.CASCADE, related_name="members", verbose_name=_("pool"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    role = models.ForeignKey(Role, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("role"))
    department = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    keeper = models.BooleanField(_("keeps the pool"), default=False, help_text=_("Sees all fields, assigns from it."))

    class Meta:
        verbose_name = _("member of a pool")
        verbose_name_plural = _("members of a pool")
        constraints = [
            models.CheckConstraint(
                name="pool_member_is_one_of_three",
                condition=Q(user__isnull=False, role__isnull=True, department__isnull=True)
                | Q(user__isnull=True, role__isnull=False, department__isnull=True)
                | Q(user__isnull=True, role__isnull=True, department__isnull=False),
                violation_error_message=_("Choose exactly one person, role or department."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pool} · {self.user or self.role or self.department}"


class HoldingLimit(models.Model):
    """How many records of an entity somebody may hold who claims: by role, by department (with those below it), or anybody.

    Of several limits that fit a person the largest counts, as roles add; who has none holds as many as they like. Only
    claiming asks: what others give is theirs to answer for.
    """

    entity = models.CharField(_("entity"), max_length=100)
    role = models.ForeignKey(Role, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("role"))
    department = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    most = models.PositiveIntegerField(_("holds at most"))

    class Meta:
        verbose_name = _("holding limit")
        verbose_name_plural = _("holding limits")
        ordering = ["entity", "id"]
        constraints = [
            models.CheckConstraint(
                name="limit_is_for_role_or_department",
                condition=Q(role__isnull=True) | Q(department__isnull=True),
                violation_error_message=_("Choose a role or a department, not both."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity} · {self.role or self.department or '*'} ≤ {self.most}"


class PoolUse(models.Model):
    """What a person took from a pool on a day, or looked at there: what limits a day are counted by. Not an entity."""

    class What(models.TextChoices):
        CLAIM = "claim", _("Claimed")
        VIEW = "view", _("Opened")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="+")
    pool = models.ForeignKey(Pool, models.CASCADE, db_index=False, related_name="+")
    what = models.CharField(max_length=10, choices=What)
    day = models.DateField()
    record_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "what", "day", "pool", "record_id"], name="pool_use_counts_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.what} {self.record_id}"
