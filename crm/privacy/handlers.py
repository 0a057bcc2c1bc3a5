"""Loaded at start: the guard of who was erased, and the places where data of a person lie."""

from django.utils.translation import gettext_lazy as _

from crm.entities.merged import former_ids, present_ids
from crm.matching.merging.links import stays
from crm.privacy import own_places, suppression  # noqa: F401 - the guard registers itself
from crm.privacy.people import same_person
from crm.records.models import Record

own_places.register()
stays(
    "privacy.consentrecord",
    "person_id",
    _("The ledger is not rewritten: what was said by a merged person counts for the one that stays."),
)


@same_person
def merged_records(record: Record) -> list[Record]:
    """What a person was merged from is theirs, wherever it lies."""
    label = record.entity_label()
    ids = [*former_ids(label, record.pk), *present_ids(label, [record.pk]).values()]
    return list(type(record)._base_manager.filter(pk__in=ids))
