"""What roles may do: one grant per cell of the matrix, rules for fields, shares of single records."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.users.models import Department, Team


class Scope(models.IntegerChoices):
    """How many records a grant reaches. Ordered: a wider scope has a larger value."""

    NONE = 0, _("None")
    OWN = 1, _("Own")
    TEAM = 2, _("Team")
    DEPARTMENT = 3, _("Department and below")
    ALL = 4, _("All")


class Role(models.Model):
    """A set of grants that people hold. Roles add, they never subtract."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    code = models.SlugField(_("code"), max_length=50, unique=True)
    users = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="roles", verbose_name=_("users"))

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """One cell of the permission matrix: role × entity × action → scope, and records that a stored condition adds."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="grants", verbose_name=_("role"))
    entity = models.CharField(_("entity"), max_length=100)
    action = models.CharField(_("action"), max_length=50)
    scope = models.PositiveSmallIntegerField(_("scope"), choices=Scope, default=Scope.OWN)
    condition = models.JSONField(
        _("and where"),
        default=dict,
        blank=True,
        help_text=_("Records that it reaches beyond the scope, whoever owns them."),
    )

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.UniqueConstraint(fields=["role", "entity", "action"], name="one_grant_per_cell"),
            models.CheckConstraint(condition=models.Q(scope__in=Scope.values), name="grant_scope_is_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.role} · {self.entity} · {self.action}"


class FieldRule(models.Model):
    """An exception to the default that every field of a visible record is readable and editable."""

    class Mode(models.TextChoices):
        HIDDEN = "hidden", _("Hidden")
        MASKED = "masked", _("Masked")
        READ = "read", _("Read only")

    role = models.ForeignKey(Role, models.CASCADE, related_name="field_rules", verbose_name=_("role"))
    entity = models.CharField(_("entity"), max_length=100)
    field = models.CharField(_("field"), max_length=100)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode)

    class Meta:
        verbose_name = _("field rule")
        verbose_name_plural = _("field rules")
        constraints = [models.UniqueConstraint(fields=["role", "entity", "field"], name="one_rule_per_field")]

    def __str__(self) -> str:
        return f"{self.role} · {self.entity}.{self.field}"


class RecordShare(models.Model):
    """One record opened to a person, team or department beyond what their roles reach, until a day."""

    class Level(models.TextChoices):
        READ = "read", _("May read")
        EDIT = "edit", _("May edit")

    entity = models.CharField(_("entity"), max_length=100)
    record_id = models.BigIntegerField(_("record"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team"))
    department = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    level = models.CharField(_("level"), max_length=10, choices=Level, default=Level.READ)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("record share")
        verbose_name_plural = _("record shares")
        indexes = [models.Index(fields=["entity", "user"]), models.Index(fields=["entity", "record_id"])]
        constraints = [
            models.CheckConstraint(
                name="share_names_one_receiver",
                condition=models.Q(user__isnull=False, team__isnull=True, department__isnull=True)
                | models.Q(user__isnull=True, team__isnull=False, department__isnull=True)
                | models.Q(user__isnull=True, team__isnull=True, department__isnull=False),
                violation_error_message=_("Choose exactly one person, team or department."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id} → {self.user or self.team or self.department}"


class PolicyVersion(models.Model):
    """One row, raised by triggers whenever anything that decides access changes; snapshots are cached under it.

    ``registry`` is raised when what admins define changes (custom fields): every process reloads that at its next request.
    """

    version = models.BigIntegerField(default=1)
    registry = models.BigIntegerField(default=1)

    class Meta:
        default_permissions = ()
