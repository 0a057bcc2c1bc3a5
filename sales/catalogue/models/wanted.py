"""What a customer wants, while it is still an opportunity."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from sales.catalogue.models.document import PricedLine
from sales.models import Opportunity


class OpportunityLine(PricedLine):
    """A product that an opportunity is about."""

    access = Via("document")

    document = models.ForeignKey(Opportunity, models.CASCADE, related_name="lines", verbose_name=_("opportunity"))

    class Meta(PricedLine.Meta):
        verbose_name = _("wanted product")
        verbose_name_plural = _("wanted products")
        ordering = ["position", "id"]
