"""Which documents are whose: the one place that matches a document's level and region to a partner's."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.files.services import count_files
from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import Region
from sales.partners import kinds
from sales.partners.models import Partner, PartnerDocument

State = PartnerDocument.State


@transaction.atomic
def publish_document(document: PartnerDocument, *, actor: Actor) -> None:
    """Show it in the portal. ValidationError while it has no file, or is out of date."""
    if not count_files(document):
        raise ValidationError(_("Bring the file first: it has none yet."))
    if document.valid_until and document.valid_until < timezone.localdate():
        raise ValidationError(_("It was valid until %(day)s only.") % {"day": document.valid_until.isoformat()})
    document.state, document.published_at = State.PUBLISHED, timezone.now()
    records.save(document, actor=actor, kind=kinds.PUBLISHED)


@transaction.atomic
def withdraw_document(document: PartnerDocument, *, actor: Actor) -> None:
    """Take it out of the portal at once."""
    document.state = State.WITHDRAWN
    records.save(document, actor=actor, kind=kinds.UNPUBLISHED)


def documents_for(partner: Partner) -> QuerySet[PartnerDocument]:
    """What is published for a partner today: for itself, or for its level and a region that it works in."""
    rows = PartnerDocument.objects.filter(state=State.PUBLISHED, deleted_at__isnull=True)
    rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=timezone.localdate()))
    everybody = Q(partner__isnull=True) & _level(partner) & _region(partner)
    return rows.filter(Q(partner=partner) | everybody).order_by("-published_at", "-pk")


def readers_of(document: PartnerDocument) -> QuerySet[Partner]:
    """The active partners for whom a document is, published or not."""
    rows = Partner.objects.filter(state=Partner.State.ACTIVE, deleted_at__isnull=True)
    if document.partner_id:
        return rows.filter(pk=document.partner_id)
    if document.level is not None:
        above = Q(level__rank__gt=document.level.rank) if document.upwards else Q(pk__in=[])
        rows = rows.filter(Q(level=document.level) | above)
    if document.region is not None:
        around = _ids(document.region)
        inside = Q(region__path__startswith=document.region.path) | Q(region2__path__startswith=document.region.path)
        rows = rows.filter(Q(nationwide=True) | Q(region__in=around) | Q(region2__in=around) | inside)
    return rows


def _level(partner: Partner) -> Q:
    """Documents for the partner's level: that one, or a lower one where the levels above it are meant, too."""
    found = Q(level__isnull=True)
    if partner.level is not None:
        found |= Q(level=partner.level) | Q(upwards=True, level__rank__lt=partner.level.rank)
    return found


def _region(partner: Partner) -> Q:
    """Documents for a region that overlaps with where the partner works."""
    if partner.nationwide:
        return Q()
    found = Q(region__isnull=True)
    for place in (partner.region, partner.region2):
        if place is not None:
            found |= Q(region__in=_ids(place)) | Q(region__path__startswith=place.path)
    return found


def _ids(region: Region) -> list[int]:
    """The region and what encloses it."""
    return [int(part) for part in region.path.split("/") if part]
