"""Who might buy, before we know whether it is worth the effort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.fields.columns import PhoneField
from crm.lib.phone import mask_email, mask_phone, mask_text
from crm.lib.pinyin import pinyin_key
from crm.ownership.models import PooledRecord
from crm.ownership.models.pooled import owner_or_pool, pool_indexes
from crm.records.indexes import ALIVE, scope_indexes
from customers.models import LONG_AGO, Account, Contact, Source
from customers.tracing import TRACED, Traced
from sales.querysets import LeadQuerySet


class Lead(Traced, PooledRecord):
    """Somebody who might buy. Nothing is required: ``title`` is the first of name, company, "source + external id"."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        CONTACTED = "contacted", _("Contacted")
        NURTURING = "nurturing", _("Nurturing")
        QUALIFIED = "qualified", _("Qualified")
        CONVERTED = "converted", _("Converted")
        INVALID = "invalid", _("Invalid")

    class Language(models.TextChoices):
        CHINESE = "zh", _("Chinese")
        ENGLISH = "en", _("English")
        JAPANESE = "ja", _("Japanese")
        KOREAN = "ko", _("Korean")
        RUSSIAN = "ru", _("Russian")
        SPANISH = "es", _("Spanish")
        OTHER = "other", _("Another language")

    class Rating(models.TextChoices):
        HOT = "hot", _("Hot")
        WARM = "warm", _("Warm")
        COLD = "cold", _("Cold")

    prepared = ("title", "title_key")
    derived = ("last_activity_at", "first_contacted_at", "held_since", "recycle_at", *TRACED)
    shown_by = ("title",)

    title = models.CharField(_("lead"), max_length=300, editable=False)
    title_key = models.CharField(max_length=300, editable=False)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=200, blank=True)
    company = models.CharField(_("company"), max_length=300, blank=True)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    mobile = PhoneField(_("mobile"), blank=True)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    wechat = models.CharField(_("WeChat"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.NEW)
    invalid_reason = models.CharField(_("why invalid"), max_length=200, blank=True)
    rating = models.CharField(_("rating"), max_length=10, choices=Rating, blank=True)
    score = models.IntegerField(_("score"), null=True, blank=True)
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    origin = models.CharField(_("origin"), max_length=150, blank=True)
    external_id = models.CharField(_("external id"), max_length=100, blank=True)
    number = models.CharField(_("number"), max_length=50, blank=True)
    industry = models.ForeignKey(
        "reference.Industry", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("industry")
    )
    region = models.ForeignKey(
        "reference.Region", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    language = models.CharField(_("language"), max_length=10, choices=Language, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    website = models.URLField(_("website"), max_length=300, blank=True)
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True)
    interest = models.CharField(_("interested in"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    last_activity_at = models.DateTimeField(_("last activity"), null=True, editable=False)
    converted_at = models.DateTimeField(_("converted"), null=True, editable=False)
    converted_account = models.ForeignKey(
        Account, models.SET_NULL, null=True, blank=True, editable=False, related_name="leads", verbose_name=_("account")
    )
    converted_contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, editable=False, related_name="leads", verbose_name=_("contact")
    )
    converted_opportunity = models.ForeignKey(
        "sales.Opportunity",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="leads",
        verbose_name=_("opportunity"),
    )

    first_contacted_at = models.DateTimeField(_("first contact"), null=True, blank=True, editable=False)

    last_activity_key = models.GeneratedField(
        expression=Coalesce("last_activity_at", LONG_AGO), output_field=models.DateTimeField(), db_persist=True
    )
    score_key = models.GeneratedField(
        expression=Coalesce("score", -(2**31)), output_field=models.IntegerField(), db_persist=True
    )

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = [
            *scope_indexes("lead", title="title_key", created="created_at", activity="last_activity_key"),
            *pool_indexes("lead"),
            models.Index(fields=["status", "created_at", "id"], condition=ALIVE, name="lead_status"),
            models.Index(fields=["external_id"], condition=~models.Q(external_id=""), name="lead_external_id"),
        ]
        constraints = [
            owner_or_pool("lead_has_owner_or_pool"),
            models.CheckConstraint(
                condition=models.Q(status="converted", converted_at__isnull=False)
                | (~models.Q(status="converted") & models.Q(converted_at__isnull=True)),
                name="lead_is_converted_by_conversion",
                violation_error_message=_("A lead becomes converted only by the command “Convert”."),
            ),
        ]

    def __str__(self) -> str:
        return self.title or gettext("Lead %(id)s") % {"id": self.pk}

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        unnamed = {r.source_id for r in records if r.source_id and not (r.name or r.company)}
        sources = dict(Source.objects.filter(pk__in=unnamed).values_list("pk", "name")) if unnamed else {}
        for record in records:
            fallback = " ".join(filter(None, (sources.get(record.source_id), record.external_id or record.number)))
            # A title is shown to whoever sees the record at all, also where the number itself is not.
            reach = _masked(record)
            record.title = (record.name or record.company or fallback or reach)[:300]
            record.title_key = pinyin_key(record.title, person=bool(record.name))[:300]

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.converted_account] if self.converted_account_id else [self]


def _masked(lead: Lead) -> str:
    """By what somebody without a name can be told apart."""
    number = lead.mobile or lead.phone
    return mask_phone(number) if number else mask_email(lead.email) if lead.email else mask_text(lead.wechat)
