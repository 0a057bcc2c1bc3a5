"""What the house hands to partners: price lists, brochures, agreements."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.fields.columns import ColouredField
from crm.records.indexes import scope_indexes
from crm.records.models import Record
from sales.partners.models.partner import Partner, PartnerLevel

COLOURS = {"draft": "slate", "published": "green", "withdrawn": "red"}


class PartnerDocument(Record):
    """Files for partners of a level or a region, for one partner, or for all. The files hang on it as on any record (crm/files)."""

    class Kind(models.TextChoices):
        PRICES = "prices", _("Price list")
        BROCHURE = "brochure", _("Brochure")
        AGREEMENT = "agreement", _("Agreement")
        TRAINING = "training", _("Training")
        OTHER = "other", _("Other")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    shown_by = ("title",)

    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.OTHER)
    level = models.ForeignKey(
        PartnerLevel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("partner level"),
        help_text=_("Empty: partners of every level."),
    )
    upwards = models.BooleanField(_("and the levels above it"), default=False)
    region = models.ForeignKey(
        "reference.Region",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
        help_text=_("Partners who work in it or in a part of it. Empty: everywhere."),
    )
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="documents",
        verbose_name=_("this partner alone"),
    )
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("After this day it is gone from the portal.")
    )
    note = models.TextField(_("note to the partners"), blank=True)
    state = ColouredField(
        _("state"), max_length=10, choices=State, colours=COLOURS, default=State.DRAFT, editable=False
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)

    class Meta:
        verbose_name = _("document for partners")
        verbose_name_plural = _("documents for partners")
        indexes = [
            *scope_indexes("partner_document", created="created_at"),
            models.Index(fields=["id"], condition=Q(state="published"), name="partner_document_out"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title=""), name="partner_document_has_a_title", violation_error_message=_("Enter a title.")
            ),
            models.CheckConstraint(
                condition=Q(partner__isnull=True) | (Q(level__isnull=True) & Q(region__isnull=True)),
                name="partner_document_for_one_or_for_a_kind",
                violation_error_message=_("Either for one partner, or for those of a level or region."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(COLOURS)),
                name="partner_document_state_is_known",
                violation_error_message=_("There is no such state."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.partner) if record is not None]
