"""People and where they stand: departments, teams, reporting lines."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Department(models.Model):
    """A node of the organisation. ``path`` holds the ids from the root down ("/1/4/") and is kept by a trigger."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company")
        BRANCH = "branch", _("Branch")
        DEPARTMENT = "department", _("Department")
        AGENT = "agent", _("Agent")

    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.DEPARTMENT)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    path = models.CharField(max_length=500, editable=False, db_default="", db_index=True)
    head = models.ForeignKey(
        "users.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("head")
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint("name", "parent", name="department_name_is_unique_in_parent", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who signs in. Imported people are inactive until an admin gives them a password."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("Like the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Language(models.TextChoices):
        CHINESE = "zh-hans", "简体中文"
        ENGLISH = "en", "English"

    first_name = None
    last_name = None
    shown_by = ("name", "username")

    name = models.CharField(pgettext_lazy("person", "name"), max_length=100)
    mobile = models.CharField(_("mobile"), max_length=32, blank=True)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("department")
    )
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("manager")
    )
    language = models.CharField(
        _("language"), max_length=10, choices=Language, blank=True, help_text=_("Empty: the browser's language.")
    )
    timezone = models.CharField(_("time zone"), max_length=50, default="Asia/Shanghai")
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.AUTO)
    # What the program remembers for a person, wherever they sign in: name → small plain value.
    preferences = models.JSONField(default=dict, blank=True, editable=False)

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.username

    def prefer(self, name: str, value: object) -> None:
        """Remember a small plain value for the person, wherever they sign in."""
        self.preferences = {**self.preferences, name: value}
        self.save(update_fields=["preferences"])

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Team(models.Model):
    """People who work the same records: the reach of the scope “team”."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    members = models.ManyToManyField(
        User, through="Membership", related_name="teams", blank=True, verbose_name=_("members")
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person in a team."""

    team = models.ForeignKey(Team, models.CASCADE, verbose_name=_("team"))
    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("user"))
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="user_is_in_a_team_once")]

    def __str__(self) -> str:
        return f"{self.team} · {self.user}"


class Absence(models.Model):
    """Time in which a person does not work: nothing is assigned to them, and their deputy decides for them."""

    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("user"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    deputy = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="stands_in",
        verbose_name=_("deputy"),
        help_text=_("Decides on approvals meanwhile."),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_at"]
        indexes = [models.Index(fields=["user", "ends_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="absence_ends_after_it_starts",
                violation_error_message=_("The absence ends after it begins."),
            ),
            models.CheckConstraint(
                condition=models.Q(deputy__isnull=True) | ~models.Q(deputy=models.F("user")),
                name="nobody_is_their_own_deputy",
                violation_error_message=_("Choose somebody else as deputy."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d} – {self.ends_at:%Y-%m-%d}"


def away(now: datetime) -> dict[int, int | None]:
    """Who is away at ``now`` → their deputy, if they named one. One query."""
    current = Absence.objects.filter(starts_at__lte=now, ends_at__gt=now).order_by("starts_at")
    return dict(current.values_list("user_id", "deputy_id"))
