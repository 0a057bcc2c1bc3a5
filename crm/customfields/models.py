"""Fields that admins define, and the options of those that offer a choice. Not entities: kept in Django admin."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.customfields.arranging import Cascade, Effect, Layout, LogicRule, Surface
from crm.customfields.kinds import CUSTOM_KINDS, CustomKind
from crm.customfields.rules import judge
from crm.reference.tags import Tag

TAGS = "tags"
__all__ = ["TAGS", "Bilingual", "Cascade", "CustomField", "CustomOption", "Effect", "Layout", "LogicRule", "Surface"]

COLOURS = (
    ("teal", _("Teal")),
    ("green", _("Green")),
    ("lime", _("Lime")),
    ("amber", _("Amber")),
    ("orange", _("Orange")),
    ("red", _("Red")),
    ("pink", _("Pink")),
    ("purple", _("Purple")),
    ("indigo", _("Indigo")),
    ("blue", _("Blue")),
    ("cyan", _("Cyan")),
    ("slate", _("Slate")),
)


class Bilingual:
    """Texts in both languages; where one is missing the other stands in."""

    def said(self, name: str) -> str:
        """The text ``name`` in the active language."""
        zh, en = getattr(self, f"{name}_zh"), getattr(self, f"{name}_en")
        return zh or en if (get_language() or "zh").startswith("zh") else en or zh


class CustomField(Bilingual, models.Model):
    """One more field of an entity. Its values lie in ``Record.custom`` under ``code``.

    ``minimum``, ``maximum`` and ``default`` are texts as people write them; the kind reads them. ``settings`` is for kinds that
    other rooms bring (a formula's expression). ``purging``: it is being deleted with its values, in a job.
    """

    class Index(models.TextChoices):
        NONE = "none", _("No index")
        WAITING = "waiting", _("Index waiting to be built")
        BUILDING = "building", _("Index being built")
        READY = "ready", _("Index ready")
        FAILED = "failed", _("Index failed")

    entity = models.CharField(_("entity"), max_length=100)
    code = models.CharField(
        _("code"),
        max_length=40,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9_]*\Z", _("Use small letters, digits and underscores; begin with a letter.")),
            RegexValidator("__", _("Two underscores in a row are not possible."), inverse_match=True),
        ],
        help_text=_("Names the field in files, addresses and formulas. It can't be changed later."),
    )
    kind = models.CharField(_("kind"), max_length=30)
    label_zh = models.CharField(_("label (Chinese)"), max_length=100, blank=True)
    label_en = models.CharField(_("label (English)"), max_length=100, blank=True)
    help_zh = models.CharField(_("help (Chinese)"), max_length=300, blank=True)
    help_en = models.CharField(_("help (English)"), max_length=300, blank=True)
    required = models.BooleanField(_("required"), default=False)
    default = models.CharField(_("default"), max_length=500, blank=True)
    minimum = models.CharField(_("smallest"), max_length=40, blank=True)
    maximum = models.CharField(_("largest"), max_length=40, blank=True)
    decimals = models.PositiveSmallIntegerField(_("decimals"), null=True, blank=True)
    max_length = models.PositiveIntegerField(_("longest text"), null=True, blank=True)
    pattern = models.CharField(_("pattern"), max_length=200, blank=True)
    pattern_message_zh = models.CharField(_("message when it does not fit (Chinese)"), max_length=200, blank=True)
    pattern_message_en = models.CharField(_("message when it does not fit (English)"), max_length=200, blank=True)
    unique = models.BooleanField(_("unique"), default=False)
    target = models.CharField(_("links to"), max_length=100, blank=True)
    searchable = models.BooleanField(_("searchable"), default=False)
    sortable = models.BooleanField(_("sortable"), default=False)
    on_card = models.BooleanField(_("on board cards"), default=False)
    active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    settings = models.JSONField(default=dict, blank=True, editable=False)
    index_state = models.CharField(_("index"), max_length=10, choices=Index, default=Index.NONE, editable=False)
    index_error = models.TextField(blank=True, editable=False)
    purging = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["entity", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "code"],
                name="custom_field_is_unique",
                violation_error_message=_("The entity has a field with this code already."),
            ),
            models.CheckConstraint(
                condition=~(models.Q(label_zh="") & models.Q(label_en="")),
                name="custom_field_has_a_label",
                violation_error_message=_("Enter a label in at least one language."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        judge(self)

    @property
    def label(self) -> str:
        return self.said("label")

    @property
    def help(self) -> str:
        return self.said("help")

    @property
    def pattern_message(self) -> str:
        return self.said("pattern_message")

    @cached_property
    def chosen_from(self) -> list[Any]:
        """Its options in their order, those out of use too."""
        if self.kind == TAGS:
            return list(Tag.objects.all())
        return list(self.options.all()) if self.pk else []

    @cached_property
    def made_by(self) -> CustomKind:
        """What its kind is made by: see ``crm.customfields.kinds``."""
        kind = CUSTOM_KINDS[self.kind]
        return kind.shape(self) if kind.shape else kind

    @property
    def value_kind(self) -> str:
        """The kind of its values: of what is computed that of the result."""
        return self.settings.get("result", self.kind) if CUSTOM_KINDS[self.kind].computed else self.kind

    @property
    def pinyin(self) -> bool:
        """Whether rows are sorted by the pinyin of its values."""
        return self.sortable and self.value_kind == "text"


class Formula(CustomField):
    """Fields worked out by an expression, as their own page of the administration shows them."""

    class Meta:
        proxy = True
        verbose_name = _("formula field")
        verbose_name_plural = _("formula fields")


class RollUp(CustomField):
    """Fields that count or add up linked rows, as their own page of the administration shows them."""

    class Meta:
        proxy = True
        verbose_name = _("roll-up field")
        verbose_name_plural = _("roll-up fields")


class CustomOption(Bilingual, models.Model):
    """One choice of a custom field. ``value`` is what is stored."""

    field = models.ForeignKey(CustomField, models.CASCADE, related_name="options", verbose_name=_("field"))
    value = models.CharField(
        _("value"),
        max_length=60,
        validators=[RegexValidator(r"^[^\s,，;；、|\x00]+\Z", _("No blanks and no separators."))],
        help_text=_("What is stored; it can't be changed once it is used."),
    )
    label_zh = models.CharField(_("label (Chinese)"), max_length=100, blank=True)
    label_en = models.CharField(_("label (English)"), max_length=100, blank=True)
    colour = models.CharField(_("colour"), max_length=20, choices=COLOURS, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["field", "value"], name="custom_option_is_unique")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.said("label") or self.value
