"""What people keep of their lists. Not entities: settings of one person, shared at most as a way to look."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.models import Role


class SavedView(models.Model):
    """A list's conditions, order and columns under a name; a shared one is read through the reader's own rights."""

    class Audience(models.TextChoices):
        MINE = "mine", _("Only me")
        TEAM = "team", _("My team")
        DEPARTMENT = "department", _("My department and those below it")
        ROLES = "roles", _("Certain roles")
        ALL = "all", _("Everybody")

    class Opens(models.TextChoices):
        LIST = "list", _("As a list")
        BOARD = "board", _("As a board")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("user")
    )
    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=60)
    where = models.JSONField(_("conditions"), default=dict, blank=True)
    sort = models.CharField(_("order"), max_length=100, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    audience = models.CharField(_("shared with"), max_length=10, choices=Audience, default=Audience.MINE)
    roles = models.ManyToManyField(Role, blank=True, related_name="+", verbose_name=_("roles"))
    sums = models.JSONField(
        _("sums"), null=True, blank=True, help_text=_("Fields that are added up; empty: the columns.")
    )
    opens = models.CharField(_("opens"), max_length=10, choices=Opens, default=Opens.LIST)
    lanes = models.CharField(_("board"), max_length=60, blank=True)
    pinned = models.BooleanField(
        _("pinned"), default=True, help_text=_("A tab of its own; else it stands in the menu behind the tabs.")
    )
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "entity", "name"],
                name="saved_view_name_is_unique",
                violation_error_message=_("You have a view of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ColumnChoice(models.Model):
    """How a person looks at the lists of an entity: columns, and in ``settings`` page size, density, last view and board."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    entity = models.CharField(max_length=100)
    columns = models.JSONField(default=list)
    settings = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "entity"], name="column_choice_is_unique")]

    def __str__(self) -> str:
        return f"{self.user} {self.entity}"


class SentForm(models.Model):
    """A form that added a record, for as long as it may come again; ``record_id`` is what it made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="form_is_sent_once")]
        indexes = [models.Index(fields=["user", "at"], name="form_sent_at")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"
