"""What a customer wants, while it is still an opportunity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from sales.catalogue.models.document import PricedLine
from sales.catalogue.models.products import Product
from sales.models import Opportunity


class OpportunityLine(PricedLine):
    """A product that an opportunity is about. A new one is taxed as its product is, unless another rate was said."""

    access = Via("document")

    document = models.ForeignKey(Opportunity, models.CASCADE, related_name="lines", verbose_name=_("opportunity"))

    class Meta(PricedLine.Meta):
        verbose_name = _("wanted product")
        verbose_name_plural = _("wanted products")
        ordering = ["position", "id"]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        usual = cls._meta.get_field("tax_rate").default
        new = [r for r in records if r._state.adding and r.product_id and r.tax_rate == usual]
        rates = (
            dict(Product.objects.filter(pk__in=[r.product_id for r in new]).values_list("pk", "tax_rate"))
            if new
            else {}
        )
        for record in new:
            record.tax_rate = rates.get(record.product_id, usual)
        super().prepare(records)
