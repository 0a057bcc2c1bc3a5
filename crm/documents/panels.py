"""What record pages show of documents: a document its content, a folder its place to drop files, others what hangs on them."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from crm.access import policy
from crm.documents.library import Document, Folder
from crm.entities.entity import registry
from crm.entities.panels import panel
from crm.files.models import FileVersion
from crm.files.storage import MB
from crm.files.types import label_of

LABEL = "documents.document"
SHOWN = 6


@panel(LABEL, slot="top", template="documents/about.html")
def content(record: Document, user: Any) -> dict[str, Any]:
    """The picture of the present version, all versions, and the place for a new one."""
    versions = list(record.versions.select_related("made_by", "file"))
    drawn = record.file_id and FileVersion.objects.filter(
        file=record.file_id, number=1, preview=FileVersion.Preview.READY
    ).exists()  # fmt: skip
    return {
        "document": record,
        "versions": versions,
        "drawn": drawn,
        "may_change": policy.can_record(user, record, "change"),
        "upload_limit": settings.UPLOAD_LIMIT // MB,
    }


@panel(LABEL, slot="side", template="documents/shares.html", order=-20)
def links(record: Document, user: Any) -> dict[str, Any] | None:
    """The links to it and how often they were opened, for who may make and revoke them."""
    if not policy.can_record(user, record, "change"):
        return None
    shares = list(record.shares.select_related("made_by")[:20])
    return {"document": record, "shares": shares} if shares else None


@panel("documents.folder", slot="top", template="documents/drop.html")
def bring_to_folder(record: Folder, user: Any) -> dict[str, Any] | None:
    """Where files are dropped, and the way to it from the root."""
    ids = policy.visible_ids(user, Folder, [folder.pk for folder in record.way])
    way = [folder for folder in record.way[:-1] if folder.pk in ids]
    return {
        "folder": record,
        "way": way,
        "may_add": policy.can(user, LABEL, "add"),
        "upload_limit": settings.UPLOAD_LIMIT // MB,
    }


def shows_documents(label: str, order: int = 20) -> None:
    """A panel of documents on the pages of an entity."""

    @panel(label, slot="side", template="documents/on_record.html", order=order)
    def documents_of(record: Any, user: Any) -> dict[str, Any] | None:
        """The latest documents of the record, and the place to bring more."""
        if not policy.can(user, LABEL, "view"):
            return None
        here = {"on_entity": record.entity_label(), "on_id": record.pk}
        found: list[Document] = []
        if Document._base_manager.filter(
            deleted_at__isnull=True, **here
        ).exists():  # who may see which is the dear question
            rows = Document.objects.restrict(user).filter(**here).select_related("file")
            found = list(rows.order_by("-updated_at", "-pk")[: SHOWN + 1])
        may_add = policy.can(user, LABEL, "add") and policy.can_record(user, record, "change")
        if not found and not may_add:
            return None
        kinds = [
            {"document": one, "kind": label_of(one.file.name, one.content_type) if one.file else ""} for one in found
        ]
        where = f'{{"all":[{{"field":"on_entity","op":"is","value":"{record.entity_label()}"}},{{"field":"on_id","op":"is","value":"{record.pk}"}}]}}'
        return {
            "record": record, "rows": kinds[:SHOWN], "more": len(found) > SHOWN, "may_add": may_add, "where": where,
            "upload_limit": settings.UPLOAD_LIMIT // MB, "entity": registry[LABEL],
        }  # fmt: skip
