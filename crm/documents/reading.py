"""What is written in documents, read by a worker so that the search finds it. Who sees the document finds it by its words."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from crm.documents.library import Document
from crm.entities.entity import registry
from crm.files.previews import words_of
from crm.files.types import ending
from crm.search.index import write_rows

LETTERS = 20_000
ENDINGS = frozenset({".pdf", ".docx", ".xlsx", ".txt", ".csv", ".md"})


def read_waiting(at_most: int = 30) -> int:
    """Read versions that count and were not read yet; returns how many were tried. Safe to repeat."""
    rows = Document._base_manager.filter(deleted_at__isnull=True).exclude(read=F("number"))
    waiting = list(rows.select_related("file").order_by("pk")[:at_most])
    for document in waiting:
        _read(document)
    return len(waiting)


def _read(document: Document) -> None:
    kind, words = ending(document.file.name).lower() if document.file else "", ""
    if document.file and kind in ENDINGS:
        words = words_of(document.file.sha256, kind, LETTERS)
    with transaction.atomic():
        rows = Document._base_manager.select_for_update(of=("self",))
        held = rows.filter(pk=document.pk, number=document.number, deleted_at__isnull=True).first()
        if held is not None:
            held.words, held.read = words, held.number
            rows.filter(pk=held.pk).update(words=held.words, read=held.read)
            write_rows(registry[Document.entity_label()], [held])
