"""Keeping documents: a new one, a new version, an earlier version again, what was printed. Callers have asked the policy."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils.translation import gettext as _

from crm.access import policy
from crm.documents import kinds
from crm.documents.access import holders
from crm.documents.library import Document, DocumentVersion, Folder
from crm.files.services import attach, store_file
from crm.files.storage import open_content
from crm.files.types import clean_name, ending
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record


def takes_documents(record: Any) -> bool:
    """Whether documents can hang on the record."""
    return type(record) in holders() and getattr(record, "takes_files", True)


@transaction.atomic
def create_document(
    upload: File,
    *,
    actor: Actor,
    folder: Folder | None = None,
    record: Record | None = None,
    title: str = "",
    note: str = "",
) -> Document:
    """A new document of one version, in a folder, about a record, both or neither. ValidationError when it can't be kept."""
    name = clean_name(upload.name or "")
    document = Document(owner=actor.user, title=title or name.removesuffix(ending(name)), folder=folder)
    if record is not None:
        document.on_entity, document.on_id = record.entity_label(), record.pk
    records.save(document, actor=actor)
    return add_version(document, upload, actor=actor, note=note)


@transaction.atomic
def add_version(
    document: Document, upload: File, *, actor: Actor, note: str = "", kind: str = kinds.VERSION
) -> Document:
    """Bring a new content; what was there stays. ValidationError when it is the same as the present one."""
    document = _locked(document)
    file = store_file(upload, actor=actor)
    if document.file_id and document.file.sha256 == file.sha256:
        raise ValidationError(_("This is the same content as the present version."))
    return _count(document, file, actor=actor, note=note, kind=kind)


@transaction.atomic
def restore_version(document: Document, number: int, *, actor: Actor) -> Document:
    """An earlier content as the newest version; nothing is lost."""
    document = _locked(document)
    version = document.versions.filter(number=number).first()
    if version is None:
        raise ValidationError(_("There is no such version."))
    if number == document.number:
        return document
    with open_content(version.sha256) as content:
        file = store_file(File(content, name=version.name), actor=actor)
    said = _("Version %(number)s again") % {"number": number}
    return _count(document, file, actor=actor, note=said, kind=kinds.RESTORED)


@transaction.atomic
def keep_paper(record: Record, content: bytes, name: str, *, actor: Actor, source: str = "") -> Document:
    """What was printed of a record, as the next version of the one document of its paper; the same again is none."""
    where = {"on_entity": record.entity_label(), "on_id": record.pk, "source": source or "paper"}
    type(record)._base_manager.select_for_update(of=("self",)).get(pk=record.pk)  # two prints wait for each other
    document = Document.objects.alive().filter(**where).first()
    if document is None:
        document = Document(owner=actor.user, title=clean_name(name).removesuffix(ending(name)), **where)
        records.save(document, actor=actor)
    if document.file is not None and document.file.sha256 == sha256(content).hexdigest():
        return document
    return add_version(document, ContentFile(content, name=name), actor=actor, kind=kinds.PRINTED)


@transaction.atomic
def place_document(document: Document, record: Record | None, *, actor: Actor) -> Document:
    """Let it hang on another record, or on none: then it is its owner's. ValidationError for what was printed of its record,
    and where the actor would lose it out of sight."""
    document = _locked(document)
    if document.source:
        raise ValidationError(_("What was printed of a record stays with it."))
    document.on_entity, document.on_id = (record.entity_label(), record.pk) if record is not None else ("", None)
    records.save(document, actor=actor, kind=kinds.PLACED if record is not None else kinds.FREED)
    if actor.user is not None and not policy.can_record(actor.user, document, "view"):
        raise ValidationError(_("You would not see it any more: ask its owner, %(owner)s.") % {"owner": document.owner})
    return document


def free_document(document: Document, *, actor: Actor) -> Document:
    """Take it off its record."""
    return place_document(document, None, actor=actor)


def _locked(document: Document) -> Document:
    return Document.objects.select_for_update(of=("self",)).get(pk=document.pk, deleted_at__isnull=True)


def _count(document: Document, file: Any, *, actor: Actor, note: str, kind: str) -> Document:
    newest = document.versions.values_list("number", flat=True).first() or 0
    version = DocumentVersion.objects.create(
        document=document,
        number=newest + 1,
        file=file,
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        note=note[:500],
        made_by=actor.user,
    )
    attach(file, version, actor=actor)
    document.number, document.file = version.number, file
    document.size, document.content_type = file.size, file.content_type
    records.save(document, actor=actor, kind=kind, number=version.number)
    return document
