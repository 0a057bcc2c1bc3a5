"""What recycle rules of accounts may count from: the last deal. Contracts will register their end the same way."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Max, Model, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import pgettext_lazy

from crm.ownership.anchors import anchor
from customers.models import Account
from sales.models import Opportunity


@anchor("deal", pgettext_lazy("counted from", "the last deal"))
def since_deal(model: type[Model]) -> Any:
    """When the last opportunity of the account was won, or since when it has its owner if that is later."""
    if model is not Account:
        return None
    won = Opportunity._base_manager.filter(account=OuterRef("pk"), state="won", deleted_at__isnull=True)
    last = won.order_by().values("account").annotate(last=Max("closed_at")).values("last")
    return Greatest(F("held_since"), Coalesce(Subquery(last), F("held_since")))
