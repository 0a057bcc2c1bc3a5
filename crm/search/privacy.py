"""Search rows are made anew from their records, once these hold erased values no more."""

from __future__ import annotations

from crm.entities.entity import registry
from crm.privacy.sweep import derived
from crm.search.index import write_rows
from crm.search.models import SearchRow


@derived("search_searchrow")
def make_anew(ids: list[int]) -> None:
    """Rows whose record is gone, or in the trash, go."""
    rows = list(SearchRow.objects.filter(pk__in=ids))
    for label in {row.entity for row in rows}:
        of_label = {row.record_id: row.pk for row in rows if row.entity == label}
        entity = registry.get(label)
        found = []
        if entity is not None:
            alive = entity.model._base_manager.filter(pk__in=of_label)
            found = [one for one in alive if getattr(one, "deleted_at", None) is None]
            write_rows(entity, found)
        gone = set(of_label) - {one.pk for one in found}
        SearchRow.objects.filter(pk__in=[of_label[pk] for pk in gone]).delete()
