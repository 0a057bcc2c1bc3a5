"""The deal team: who is in it sees the sale, and nobody gives away more of the revenue than there is."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.utils.translation import gettext as _

from crm.access import policy
from crm.access.models import RecordShare
from crm.activities.sharing import end_share, share_record, shares_of
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on_write
from sales.deals.models import DealMember
from sales.models import Opportunity

WHOLE = Decimal(100)


@on_write
def keep_teams(batch: WriteBatch) -> None:
    """After members are written: shares within the whole, the sale open to who came and closed to who went."""
    if batch.model is not DealMember:
        return
    members = [member for member in batch.after if isinstance(member, DealMember)]
    _ask_shares({member.opportunity_id for member in members})
    for member in members:
        if member.deleted_at:
            _close(member, batch.actor)
        else:
            _open(member, batch.actor)


def _ask_shares(opportunities: Iterable[int]) -> None:
    """Refuse more than 100 %, whoever writes at the same moment: the sale's row is held until they are through."""
    held = sorted(opportunities)
    list(Opportunity.objects.filter(pk__in=held).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    rows = DealMember.objects.filter(opportunity__in=held, deleted_at__isnull=True)
    for row in rows.values("opportunity").annotate(given=Sum("share")).order_by():
        if row["given"] > WHOLE:
            text = _("The shares come to %(given)s %%. Together they can't be more than 100 %%.")
            raise ValidationError({"share": text % {"given": f"{row['given'].normalize():f}"}})


def _open(member: DealMember, actor: Actor) -> None:
    """Who is in the team may work on the sale; who sees no sales at all is only named."""
    sale = member.opportunity
    if member.user_id == sale.owner_id or not policy.can(member.user, sale.entity_label(), "view"):
        return
    if any(share.user_id == member.user_id for share in shares_of(sale)):
        return
    terms = {"level": RecordShare.Level.EDIT, "reason": str(DealMember._meta.verbose_name_plural)}
    share = share_record(sale, actor=actor, user=member.user, **terms)
    DealMember.objects.filter(pk=member.pk).update(opened=share)
    member.opened = share


def _close(member: DealMember, actor: Actor) -> None:
    if member.opened is not None:
        end_share(member.opened, actor=actor)


def parts_of(sale: Opportunity) -> dict[int, Decimal]:
    """Who has which part of the revenue of a sale, in percent by user; the owner has what is left."""
    team = DealMember.objects.filter(opportunity=sale, deleted_at__isnull=True, share__gt=0)
    parts = dict(team.values_list("user", "share"))
    rest = WHOLE - sum(parts.values(), Decimal(0))
    if sale.owner_id and rest:
        parts[sale.owner_id] = parts.get(sale.owner_id, Decimal(0)) + rest
    return parts
