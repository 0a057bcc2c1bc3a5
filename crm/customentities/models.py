"""Entities that admins make: what they are called, their stages, and one table for the records of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from django.apps import apps
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.customfields import definitions
from crm.customfields.models import COLOURS, Bilingual
from crm.lib.pinyin import pinyin_key
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.numbers import fill_numbers

ICONS = (
    "box", "building-factory", "calendar-event", "car", "certificate", "clipboard-list", "device-laptop", "file-text",
    "gavel", "home", "key", "map-pin", "package", "ruler", "school", "ship", "tool", "truck",
)  # fmt: skip


class EntityDefinition(Bilingual, models.Model):
    """An entity that an admin made. Not an entity itself: kept in Django admin. ``pack`` names the industry pack it came with."""

    class Area(models.TextChoices):
        CUSTOMERS = "customers", _("Customers")
        SALES = "sales", _("Sales")
        SERVICE = "service", _("Service")
        MARKETING = "marketing", _("Marketing")

    code = models.CharField(
        _("code"),
        max_length=30,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9]*\Z", _("Use small letters and digits; begin with a letter."))],
        help_text=_("Stands in the address of its pages. It can't be changed later."),
    )
    name_zh = models.CharField(_("name (Chinese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60, blank=True)
    plural_en = models.CharField(_("name of many (English)"), max_length=60, blank=True)
    title_zh = models.CharField(_("what its records are called by (Chinese)"), max_length=60, default="名称")
    title_en = models.CharField(_("what its records are called by (English)"), max_length=60, default="Name")
    icon = models.CharField(_("icon"), max_length=40, choices=[(name, name) for name in ICONS], default="box")
    area = models.CharField(_("stands in the menu under"), max_length=20, choices=Area, default=Area.SALES)
    prefix = models.CharField(
        _("numbers begin with"), max_length=10, blank=True, help_text=_("Empty: its records have no number.")
    )
    active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    pack = models.CharField(max_length=40, blank=True, editable=False)

    class Meta:
        verbose_name = _("entity of your own")
        verbose_name_plural = _("entities of your own")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.said("name")

    @property
    def label(self) -> str:
        """What grants, entries and search rows key on."""
        return f"customentities.{self.code}"

    @property
    def sequence(self) -> str:
        """The code of the sequence that numbers its records."""
        return f"own-{self.code}"

    @property
    def plural(self) -> str:
        """Many of them, in the active language; Chinese has one word for both."""
        return (self.plural_en or self.name_en) if self.said("name") == self.name_en and self.name_en else self.name_zh


class StageQuerySet(RestrictedQuerySet):
    """Stages of entities of one's own."""


class EntityStage(Bilingual, models.Model):
    """A step of such an entity's records; its board has a lane for each. Not an entity: kept with its definition."""

    access = Open()
    shown_by = ("name_zh", "name_en", "colour")

    definition = models.ForeignKey(
        EntityDefinition, models.CASCADE, related_name="stages", verbose_name=_("entity of your own")
    )
    name_zh = models.CharField(_("name (Chinese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60, blank=True)
    colour = models.CharField(_("colour"), max_length=20, choices=COLOURS, default="blue")
    closes = models.BooleanField(_("means done"), default=False)
    position = models.PositiveIntegerField(_("position"), default=0)

    objects = StageQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["definition", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                "definition",
                "name_zh",
                name="own_stage_is_unique",
                violation_error_message=_("There is a stage of that name already."),
            ),
            models.UniqueConstraint(fields=["id", "definition"], name="own_stage_and_its_definition"),
        ]

    def __str__(self) -> str:
        return self.said("name")


class OwnQuerySet(RestrictedQuerySet):
    """Records of one definition, where the class stands for one."""


class OwnManager(models.Manager.from_queryset(OwnQuerySet)):
    """Of the class of one entity only its records."""

    def get_queryset(self) -> models.QuerySet:
        rows = super().get_queryset()
        return rows.filter(definition=self.model.definition_pk) if self.model.definition_pk else rows


class CustomRecord(Record):
    """A record of any entity that an admin made. Each definition has a class of its own (``registering``), a proxy of this one.

    Its fields beside these are custom fields.
    """

    definition_pk: ClassVar[int | None] = None
    numbered: ClassVar[str] = ""
    prepared = ("name_key",)

    definition = models.ForeignKey(
        EntityDefinition, models.PROTECT, related_name="+", editable=False, verbose_name=_("entity of your own")
    )
    name = models.CharField(_("name"), max_length=300)
    name_key = models.CharField(max_length=300, editable=False)
    number = models.CharField(_("number"), max_length=50, blank=True, editable=False)
    stage = models.ForeignKey(
        EntityStage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("stage")
    )

    objects = OwnManager()

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        base_manager_name = "objects"
        indexes = [
            *scope_indexes("own", name="name_key", created="created_at"),
            models.Index(fields=["definition", "created_at", "id"], condition=ALIVE, name="own_of_definition"),
            models.Index(fields=["definition", "stage"], condition=ALIVE, name="own_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()

    @classmethod
    def of_table(cls) -> models.Q:
        """Which rows of the table are records of this class: indexes are built over them alone."""
        return models.Q(definition=cls.definition_pk) if cls.definition_pk else models.Q()

    def timeline_subjects(self) -> list[models.Model]:
        """What happens to it shows on the timelines of the records that its links lead to, too."""
        links = [f for f in definitions.current().active(type(self).entity_label()) if f.kind == "link"]
        held = self.custom or {}
        return [self, *(apps.get_model(f.target)(pk=held[f.code]) for f in links if held.get(f.code))]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        """Key of the name; new ones get their definition and, where they are numbered, a number."""
        for record in records:
            record.name_key = pinyin_key(record.name)[:300]
            if cls.definition_pk and record.definition_id is None:
                record.definition_id = cls.definition_pk
        if cls.numbered:
            fill_numbers(records, "number", cls.numbered)
