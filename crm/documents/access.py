"""Who sees folders and documents. Asked by the policy like every other access of records."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.models import Q

from crm.access import policy
from crm.access.snapshot import Access
from crm.records.models import Record

READING = frozenset({"view", "export"})
FOLDER, DOCUMENT = "documents.Folder", "documents.Document"


@dataclass(frozen=True)
class Foldered:
    """Folders are owned; one that is for its department, or for everybody, is also seen by these."""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        reach = policy.Owned().rows(access, model, action)
        if (
            action not in READING
            or reach == policy.EVERYTHING
            or not access.granted(policy.entity_label(model), action)
        ):
            return reach
        return reach | Q(seen_by="all") | Q(seen_by="department", department_id__in=access.department_ids)


@dataclass(frozen=True)
class Filed:
    """A document of a record is seen and changed by who sees and changes that one. One of no record is owned; who sees its
    folder sees it, too. Grants say what a person may do with documents at all."""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        if not access.granted(policy.entity_label(model), action):
            return policy.NOTHING
        free = policy.Owned().rows(access, model, action)
        if action in READING and free != policy.EVERYTHING:
            folders = apps.get_model(FOLDER)
            seen = folders._base_manager.filter(policy.rows(access, folders, "view"), deleted_at__isnull=True)
            free |= Q(folder__in=seen.values("pk"))
        return (Q(on_entity="") & free) | self._linked(access, model, action)

    def _linked(self, access: Access, model: type[models.Model], action: str) -> Q:
        labels = {policy.entity_label(holder) for holder in holders()}
        return Q(on_id__isnull=False) & policy.Attached().rows(access, model, action, labels)


@dataclass(frozen=True)
class VersionsOf:
    """Versions are read by who sees the document; nobody changes them, so that nobody changes their files either."""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        if action not in READING:
            return policy.NOTHING
        documents = apps.get_model(DOCUMENT)
        seen = documents._base_manager.filter(policy.rows(access, documents, "view"))
        return Q(document__in=seen.values("pk"))


def holders() -> list[type[models.Model]]:
    """Every model on whose records documents can hang: those with access of their own, and no parts of others."""
    kinds = (policy.Owned, policy.Shared)
    return [m for m in policy.holders() if issubclass(m, Record) and isinstance(m.access, kinds)]
