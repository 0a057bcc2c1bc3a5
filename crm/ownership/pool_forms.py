"""What the verbs of pools ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.inputs import LineField
from crm.entities.links import RemoteSelect
from crm.ownership.membership import people_of
from crm.ownership.models import Pool
from crm.ownership.pools import Placing, pools_for
from crm.users.models import User


class PoolForm(forms.Form):
    """Into which pool, and why."""

    pool = forms.ModelChoiceField(Pool.objects.none(), label=_("Pool"), empty_label=None)
    reason = LineField(label=_("Reason"), max_length=300, required=True)

    def __init__(self, *args: Any, user: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = record.entity_label()
        pools = pools_for(label).exclude(pk=record.pool_id) if record.pool_id else pools_for(label)
        self.fields["pool"].queryset = pools
        if not record._state.adding:
            self.fields["pool"].initial = Placing(label, timezone.now(), pools).pool_of(record)


class MoveForm(PoolForm):
    """Into which other pool; a reason may be given."""

    reason = LineField(label=_("Reason"), max_length=300, required=False)


class GiveForm(forms.Form):
    """To whom: the members of the pools that one keeps, and those to whom one may assign."""

    owner = forms.ModelChoiceField(User.objects.none(), label=_("To"), widget=RemoteSelect)

    def __init__(self, *args: Any, user: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = self.takers(record, user)
        place = [record.entity_label(), record.pk or 0]
        self.fields["owner"].widget.remote_url = reverse("ownership:takers", args=place)

    @staticmethod
    def takers(record: Any, user: Any) -> QuerySet[User]:
        """Whom they may be; nobody where the entity has no pools."""
        label = record.entity_label()
        kept = policy.access_of(user).pool_ids(label, keeper=True)
        of = getattr(record, "pool_id", None)
        pools = [of] if of in kept else [] if of else kept
        rows = User.objects.filter(is_active=True)
        may = policy.access_of(user).scope(label, "assign")
        people = rows.filter(policy.assignable(user, label)) if may else rows.none()
        return (people | rows.filter(pk__in=people_of(pools))).order_by("name")
