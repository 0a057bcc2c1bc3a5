"""Business that we and a partner mean to do together."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.fields.columns import ColouredField, MoneyField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.models import Account
from sales.models import Opportunity
from sales.partners.models.partner import Partner
from sales.partners.models.people import PartnerPerson

COLOURS = {"proposed": "amber", "agreed": "blue", "running": "teal", "won": "green", "ended": "slate"}


class CoopOpportunity(Record):
    """An idea of joint business: with whom, for whom, what each side brings. Which state may follow which is held by a trigger."""

    class State(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("joint project", "Proposed")
        AGREED = "agreed", pgettext_lazy("joint project", "Agreed")
        RUNNING = "running", pgettext_lazy("joint project", "Under way")
        WON = "won", _("Won")
        ENDED = "ended", pgettext_lazy("joint project", "Ended")

    OPEN = ("proposed", "agreed", "running")
    NEXT = {
        "proposed": ("agreed", "ended"),
        "agreed": ("proposed", "running", "won", "ended"),
        "running": ("agreed", "won", "ended"),
        "won": (),
        "ended": ("proposed",),
    }

    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=200)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="coops", verbose_name=_("partner"))
    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("end customer")
    )
    partner_brings = models.TextField(_("what the partner brings"), blank=True)
    we_bring = models.TextField(_("what we bring"), blank=True)
    amount = MoneyField(_("expected amount"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    expected_on = models.DateField(_("expected close"), null=True, blank=True)
    shared = models.BooleanField(
        _("shown to the partner"),
        default=False,
        help_text=_("In the portal the partner reads the name, the customer, what each brings, amount, day and state."),
    )
    state = ColouredField(
        _("state"), max_length=10, choices=State, colours=COLOURS, default=State.PROPOSED, editable=False
    )
    end_reason = models.CharField(_("why it ended"), max_length=300, blank=True, editable=False)
    proposed_by = models.ForeignKey(
        PartnerPerson, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("proposed by")
    )
    agreed_by = models.ForeignKey(
        PartnerPerson, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("agreed by")
    )
    opportunity = models.ForeignKey(
        Opportunity, models.SET_NULL, null=True, editable=False, related_name="coops", verbose_name=_("opportunity")
    )

    class Meta:
        verbose_name = _("co-operation opportunity")
        verbose_name_plural = _("co-operation opportunities")
        indexes = [
            *scope_indexes("coop", created="created_at"),
            models.Index(fields=["partner", "id"], condition=ALIVE, name="coop_partner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="coop_has_a_name", violation_error_message=_("Enter a name.")
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="coop_amount_is_not_negative",
                violation_error_message=_("The amount can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(COLOURS)),
                name="coop_goes_step_by_step",
                violation_error_message=_("That does not fit its state any more. Load the page again."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.partner, self.account, self.opportunity) if record is not None]

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.state in self.OPEN
