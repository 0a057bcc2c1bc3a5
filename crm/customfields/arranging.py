"""What admins arrange and rule over an entity's fields: layouts, dynamic logic, choices that hang on choices. Not entities."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.access.models import Role


class Surface(models.TextChoices):
    """Where an arrangement shows."""

    FORM = "form", _("Form")
    QUICK = "quick", _("Quick form")
    FACTS = "facts", _("Facts of the record page")
    LIST = "list", _("Columns of the list")
    CARD = "card", _("Card of the board")


class Layout(models.Model):
    """One version of the arrangement of a surface; the current one counts. ``content`` null: back to the default.

    Rows are only added: what was before can be taken up again. ``variant`` is the value (a pipeline's id) it is made for.
    """

    entity = models.CharField(_("entity"), max_length=100)
    surface = models.CharField(_("where"), max_length=10, choices=Surface)
    role = models.ForeignKey(Role, models.CASCADE, null=True, blank=True, verbose_name=_("role"), related_name="+")
    variant = models.CharField(_("for"), max_length=60, blank=True)
    content = models.JSONField(default=dict, null=True, blank=True)
    current = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("layout")
        verbose_name_plural = _("layouts")
        ordering = ["entity", "surface", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "surface", "role", "variant"],
                condition=models.Q(current=True),
                nulls_distinct=False,
                name="layout_one_is_current",
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity} · {self.get_surface_display()}"


class Effect(models.TextChoices):
    """What a rule does to its target while its condition holds."""

    VISIBLE = "visible", _("is shown only then")
    REQUIRED = "required", _("is required")
    READONLY = "readonly", _("can't be changed")
    OPTIONS = "options", _("offers only these options")
    OFFERED = "offered", _("offers these options only then")
    INVALID = "invalid", _("is refused with a message")
    DEFAULT = "default", _("begins with a value")


class LogicRule(models.Model):
    """While ``where`` holds, ``effect`` on ``target``: the name of a field, or “section:<key>” for all fields of a section."""

    entity = models.CharField(_("entity"), max_length=100)
    target = models.CharField(_("field or section"), max_length=150)
    effect = models.CharField(_("what happens"), max_length=10, choices=Effect)
    where = models.JSONField(_("when"), default=dict, blank=True)
    options = models.JSONField(_("options"), default=list, blank=True)
    value = models.CharField(_("value"), max_length=500, blank=True)
    clear = models.BooleanField(
        _("empty it while it is hidden"), default=False, help_text=_("Else it keeps its value until it shows again.")
    )
    message_zh = models.CharField(_("message (Chinese)"), max_length=300, blank=True)
    message_en = models.CharField(_("message (English)"), max_length=300, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("dynamic rule")
        verbose_name_plural = _("dynamic rules")
        ordering = ["entity", "position", "id"]

    def __str__(self) -> str:
        return f"{self.target} {self.get_effect_display()}"

    @property
    def message(self) -> str:
        """What the person is told, in their language; empty: a text of the program."""
        zh, en = self.message_zh, self.message_en
        return zh or en if (get_language() or "zh").startswith("zh") else en or zh


class Cascade(models.Model):
    """What a choice or link offers hangs on the value of another field.

    Choices by ``matrix``: value of the other field ("" for none) → the values offered; a value that is not in it offers all.
    Links by ``through``: the field of the linked record that must equal the other field's value.
    """

    entity = models.CharField(_("entity"), max_length=100)
    field = models.CharField(_("field that offers less"), max_length=150)
    by = models.CharField(_("depending on"), max_length=150)
    matrix = models.JSONField(default=dict, blank=True)
    through = models.CharField(_("by the linked record's"), max_length=150, blank=True)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("dependent choice")
        verbose_name_plural = _("dependent choices")
        ordering = ["entity", "field", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "field", "by"],
                name="cascade_is_unique",
                violation_error_message=_("These two fields depend on each other already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} ← {self.by}"


class ValidationRule(models.Model):
    """While ``expression`` or ``where`` holds (both: while both do), a record is refused with the message, beside ``field``.

    It is asked when a record is made or changed, and only when a field that it looks at differs, unless ``always``.
    """

    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=150)
    expression = models.TextField(_("refuse while this is true"), blank=True, max_length=4000)
    where = models.JSONField(_("refuse while these hold"), default=dict, blank=True)
    message_zh = models.CharField(_("message (Chinese)"), max_length=300, blank=True)
    message_en = models.CharField(_("message (English)"), max_length=300, blank=True)
    field = models.CharField(_("beside the field"), max_length=150, blank=True)
    on_create = models.BooleanField(_("when a record is made"), default=True)
    on_change = models.BooleanField(_("when a record is changed"), default=True)
    always = models.BooleanField(
        _("also when nothing that it looks at changed"),
        default=False,
        help_text=_("Else records that break the rule already can still be changed elsewhere."),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("validation rule")
        verbose_name_plural = _("validation rules")
        ordering = ["entity", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~(models.Q(message_zh="") & models.Q(message_en="")),
                name="validation_rule_has_a_message",
                violation_error_message=_("Enter a message in at least one language."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def message(self) -> str:
        """What the person is told, in their language; where that is missing, in the other."""
        zh, en = self.message_zh, self.message_en
        return zh or en if (get_language() or "zh").startswith("zh") else en or zh
