"""Keeping files: a new one, a new version, an earlier version again, another name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils.translation import gettext as _

from crm.access import policy
from crm.files import kinds
from crm.files.models import FileVersion, StoredFile
from crm.files.storage import Kept, keep
from crm.files.tasks import wake_previewer
from crm.files.types import clean_name, has_preview
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record


def may_attach(user: Any, record: Record) -> bool:
    """Whether the user may bring files to the record: who may change it."""
    return policy.can_record(user, record, "change")


def store_file(upload: File, *, record: Record | None = None, actor: Actor, name: str = "", **data: Any) -> StoredFile:
    """Keep an upload as a new file of ``record``, or of nothing yet. ValidationError when it is empty or too large.

    The caller has asked ``may_attach``. ``data`` is kept on the entry.
    """
    kept = keep(upload)
    called = clean_name(name or upload.name or "")
    file = StoredFile(
        owner=actor.user,
        name=called,
        on_entity=record.entity_label() if record else "",
        on_id=record.pk if record else None,
        size=kept.size,
        content_type=kept.content_type,
        sha256=kept.sha256,
    )
    with transaction.atomic():
        records.save(file, actor=actor, **data)
        _add_version(file, called, kept, actor)
    return file


def store_content(content: bytes, name: str, *, record: Record | None = None, actor: Actor, **data: Any) -> StoredFile:
    """Keep bytes that the program made (a document, an attachment of a mail) as a new file."""
    return store_file(ContentFile(content, name=name), record=record, actor=actor, **data)


@transaction.atomic
def attach(file: StoredFile, record: Record, *, actor: Actor) -> StoredFile:
    """Give a file that belongs to nothing yet to a record. ValidationError when it has one already."""
    file = _locked(file)
    if file.on_id:
        raise ValidationError(_("The file belongs to another record."))
    file.on_entity, file.on_id = record.entity_label(), record.pk
    records.save(file, actor=actor, kind=kinds.ATTACHED)
    return file


def add_version(file: StoredFile, upload: File, *, actor: Actor) -> StoredFile:
    """Bring a new content; what was there stays as an earlier version."""
    kept = keep(upload)
    with transaction.atomic():
        file = _locked(file)
        if kept.sha256 == file.sha256:
            raise ValidationError(_("This is the same content as the present version."))
        newest = file.versions.values_list("number", flat=True).first() or 0
        version = _add_version(file, clean_name(upload.name or file.name), kept, actor, newest + 1)
        file.number = version.number
        records.save(file, actor=actor, kind=kinds.VERSION)
    return file


@transaction.atomic
def restore_version(file: StoredFile, number: int, *, actor: Actor) -> StoredFile:
    """Let an earlier version count again; nothing is lost."""
    file = _locked(file)
    if not file.versions.filter(number=number).exists():
        raise ValidationError(_("There is no such version."))
    if file.number != number:
        file.number = number
        records.save(file, actor=actor, kind=kinds.VERSION_RESTORED)
    return file


@transaction.atomic
def rename_file(file: StoredFile, name: str, *, actor: Actor) -> StoredFile:
    """Call it otherwise."""
    file = _locked(file)
    file.name = clean_name(name)
    records.save(file, actor=actor)
    return file


def find_file(user: Any, pk: int, action: str = "view") -> StoredFile | None:
    """The file if the user may perform ``action`` on it; cheaper than to ask the policy about all files."""
    file = StoredFile.objects.filter(pk=pk).alive().first()
    return file if file is not None and policy.can_record(user, file, action) else None


def files_of(record: Record) -> list[StoredFile]:
    """The files of a record, the latest first. The caller has asked whether its reader may see the record."""
    rows = StoredFile.objects.filter(on_entity=record.entity_label(), on_id=record.pk).alive()
    return list(rows.select_related("owner").prefetch_related("versions__uploaded_by").order_by("-created_at", "-pk"))


def count_files(record: Record) -> int:
    """How many files a record has."""
    return StoredFile.objects.filter(on_entity=record.entity_label(), on_id=record.pk).alive().count()


def _locked(file: StoredFile) -> StoredFile:
    return StoredFile.objects.select_for_update(of=("self",)).get(pk=file.pk)


def _add_version(file: StoredFile, name: str, kept: Kept, actor: Actor, number: int = 1) -> FileVersion:
    waits = has_preview(kept.content_type)
    version = FileVersion.objects.create(
        file=file,
        number=number,
        name=name,
        size=kept.size,
        content_type=kept.content_type,
        sha256=kept.sha256,
        uploaded_by=actor.user,
        preview=FileVersion.Preview.WAITING if waits else FileVersion.Preview.NONE,
    )
    if waits:
        transaction.on_commit(lambda: wake_previewer(version.pk))
    return version
