"""Who sells together, against whom, and what was learnt from it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access.models import RecordShare
from crm.access.policy import Shared, Via
from crm.fields.columns import PercentField
from crm.records.indexes import ALIVE
from crm.records.models import Record
from sales.models import Opportunity


class Competitor(Record):
    """Somebody who sells the same: everybody may read of them."""

    class PriceLevel(models.TextChoices):
        LOWER = "lower", _("Cheaper than we are")
        ALIKE = "alike", _("Much like ours")
        HIGHER = "higher", _("Dearer than we are")

    access = Shared()

    name = models.CharField(_("name"), max_length=200)
    website = models.URLField(_("website"), blank=True)
    price_level = models.CharField(_("prices"), max_length=10, choices=PriceLevel, blank=True)
    strengths = models.TextField(_("strengths"), blank=True)
    weaknesses = models.TextField(_("weaknesses"), blank=True)
    answer = models.TextField(
        _("how we answer"), blank=True, help_text=_("What works against them, and what does not.")
    )

    class Meta:
        verbose_name = _("competitor")
        verbose_name_plural = _("competitors")
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=ALIVE,
                name="competitor_name_is_unique",
                violation_error_message=_("There is a competitor of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class DealCompetitor(Record):
    """A competitor in one sale."""

    class Threat(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    access = Via("opportunity")

    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="competitors", verbose_name=_("opportunity")
    )
    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="deals", verbose_name=_("competitor"))
    threat = models.CharField(_("threat"), max_length=10, choices=Threat, default=Threat.MEDIUM)
    offer = models.CharField(_("their offer"), max_length=300, blank=True)
    got_it = models.BooleanField(_("got the deal"), default=False)

    class Meta:
        verbose_name = _("competitor in a sale")
        verbose_name_plural = _("competitors in a sale")
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "competitor"],
                condition=ALIVE,
                name="competitor_is_named_once_in_a_sale",
                violation_error_message=_("This competitor is named already."),
            ),
            models.UniqueConstraint(
                fields=["opportunity"],
                condition=ALIVE & Q(got_it=True),
                name="one_competitor_got_the_deal",
                violation_error_message=_("Another competitor got the deal."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.competitor} · {self.opportunity}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.opportunity, self.competitor]


class DealMember(Record):
    """Somebody who sells along with the owner, and their part of the revenue; what nobody has is the owner's."""

    class Role(models.TextChoices):
        SELLER = "seller", _("Sells along")
        PRESALES = "presales", _("Presales")
        EXPERT = "expert", _("Expert")
        DELIVERY = "delivery", _("Delivery")
        SPONSOR = "sponsor", _("Sponsor")

    access = Via("opportunity")

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="team", verbose_name=_("opportunity"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    role = models.CharField(_("role in the team"), max_length=10, choices=Role, default=Role.SELLER)
    share = PercentField(
        _("share of the revenue"), default=0, help_text=_("In percent; what nobody has is the owner’s.")
    )
    # What opened the sale to this person; a share that was there before is not ours to end.
    opened = models.ForeignKey(RecordShare, models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("deal team")
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "user"],
                condition=ALIVE,
                name="person_is_once_in_a_deal_team",
                violation_error_message=_("This person is in the team already."),
            ),
            models.CheckConstraint(
                condition=Q(share__range=(0, 100)),
                name="share_of_revenue_is_a_percentage",
                violation_error_message=_("A share lies between 0 and 100."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.opportunity}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.opportunity]


class DealReview(Record):
    """What was learnt from a sale that is closed; one a sale."""

    class Factor(models.TextChoices):
        PRICE = "price", _("Price")
        PRODUCT = "product", _("Product")
        RELATION = "relation", _("Relations")
        SERVICE = "service", _("Service and delivery")
        TIMING = "timing", _("Timing and budget")
        TERMS = "terms", _("Terms of contract")
        OTHER = "other", _("Other")

    access = Via("opportunity")

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="reviews", verbose_name=_("opportunity"))
    factor = models.CharField(_("what decided"), max_length=10, choices=Factor)
    went_well = models.TextField(_("what went well"), blank=True)
    went_wrong = models.TextField(_("what went wrong"), blank=True)
    lesson = models.TextField(_("what we do differently"))

    class Meta:
        verbose_name = _("win/loss review")
        verbose_name_plural = _("win/loss reviews")
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity"],
                condition=ALIVE,
                name="a_sale_is_reviewed_once",
                violation_error_message=_("This sale has its review already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_factor_display()} · {self.opportunity}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.opportunity]
