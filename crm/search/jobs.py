"""Writing the search rows of an entity anew, when what is searched has changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.definitions import searched_names
from crm.customfields.formulas.spreading import followers
from crm.customfields.models import CustomField
from crm.customfields.services import listeners
from crm.entities.entity import registry
from crm.jobs.kinds import job_kind
from crm.jobs.running import Running
from crm.jobs.services import start_job
from crm.records.actor import Actor
from crm.search.index import CHUNK, write_rows


@job_kind("search.rebuild", gettext_lazy("Search index"), icon="search", resumable=lambda job: True)
def rebuild_rows(running: Running) -> dict[str, Any]:
    """The rows of every living record of an entity, batch by batch."""
    entity = registry[running.params["entity"]]
    rows = entity.model.objects.all().alive().order_by("pk")
    running.set_total(rows.count())
    while batch := list(rows.filter(pk__gt=running.checkpoint.get("after", 0))[:CHUNK]):
        with running.batch() as step:
            write_rows(entity, batch)
            step.updated, step.checkpoint = len(batch), {"after": batch[-1].pk}
    return {}


def _searched(field: CustomField | None) -> tuple:
    """What of a definition shows in search rows."""
    if field is None or not (field.searchable and field.active):
        return ()
    return field.kind, *((o.value, o.label_zh, o.label_en) for o in field.chosen_from)


def follow_definition(before: CustomField | None, after: CustomField, actor: Actor) -> None:
    """A field that begins or ceases to be searched: its entity's rows are written anew."""
    if before is not None and after.entity in registry and _searched(before) != _searched(after):
        title = _("Search index: %(entity)s") % {"entity": registry[after.entity].plural}
        start_job("search.rebuild", user=actor.user, params={"entity": after.entity}, title=title)


def follow_values(model: type[Model], ids: Collection[int], codes: Collection[str]) -> None:
    """Computed values that changed beside a write of their record."""
    entity = registry.get(model._meta.label_lower)
    searched = {name for _kind, name in searched_names(entity.label)} if entity else set()
    if entity and searched & {f"custom.{code}" for code in codes}:
        write_rows(entity, list(entity.model._base_manager.filter(pk__in=list(ids), deleted_at__isnull=True)))


listeners.append(follow_definition)
followers.append(follow_values)
