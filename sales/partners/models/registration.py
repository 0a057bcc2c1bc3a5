"""Deals that partners, or our people for them, report before anybody else works on the customer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.fields.columns import ColouredField, MoneyField, PhoneField
from crm.matching.cases.models import Registration
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from sales.models import Opportunity
from sales.partners.models.partner import Partner
from sales.partners.models.people import PartnerPerson

COLOURS = {
    "submitted": "amber",
    "approved": "green",
    "rejected": "red",
    "expired": "slate",
    "withdrawn": "slate",
    "won": "teal",
}


class DealRegistration(Record):
    """An end customer reported by a partner. Approved, it is protected until a day, by a registration like those of colleagues (``protecting``)."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        APPROVED = "approved", _("Protected")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        WON = "won", _("Won")

    derived = ("protection",)
    shown_by = ("customer",)

    customer = models.CharField(_("end customer"), max_length=300)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="registrations", verbose_name=_("partner"))
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True)
    contact_name = models.CharField(_("contact"), max_length=200, blank=True)
    phone = PhoneField(_("phone"), blank=True)
    region = models.ForeignKey(
        "reference.Region", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    project = models.TextField(_("project"), blank=True)
    amount = MoneyField(_("expected amount"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    expected_on = models.DateField(_("expected close"), null=True, blank=True)
    state = ColouredField(
        _("state"), max_length=10, choices=State, colours=COLOURS, default=State.SUBMITTED, editable=False
    )
    protected_until = models.DateField(_("protected until"), null=True, editable=False)
    protection = models.ForeignKey(
        Registration, models.SET_NULL, null=True, editable=False, related_name="deals", verbose_name=_("protection")
    )
    decision_note = models.CharField(_("decision"), max_length=500, blank=True, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    submitted_by = models.ForeignKey(
        PartnerPerson, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("submitted by")
    )
    opportunity = models.ForeignKey(
        Opportunity,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="registrations",
        verbose_name=_("opportunity"),
    )

    class Meta:
        verbose_name = _("deal registration")
        verbose_name_plural = _("deal registrations")
        indexes = [
            *scope_indexes("registration", created="created_at"),
            models.Index(fields=["partner", "state", "id"], condition=ALIVE, name="registration_partner"),
            models.Index(fields=["protected_until"], condition=Q(state="approved"), name="registration_ends"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(customer=""),
                name="registration_names_a_customer",
                violation_error_message=_("Name the end customer."),
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(protected_until__isnull=False),
                name="registration_is_protected_until_a_day",
                violation_error_message=_("Say until when it is protected."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(COLOURS)),
                name="registration_goes_step_by_step",
                violation_error_message=_("That does not fit its state any more. Load the page again."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="registration_amount_is_not_negative",
                violation_error_message=_("The amount can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        return self.customer

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.partner, self.opportunity) if record is not None]
