"""The places that this room and those below it keep: what hangs on the person, the log, files and results of jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access.models import RecordShare
from crm.files.models import FileVersion, StoredFile
from crm.files.storage import path_of
from crm.jobs.models import Job, JobFile
from crm.privacy.models import ConsentRecord
from crm.privacy.places import Place, Subject, add_place
from crm.privacy.reading import holds
from crm.privacy.sweep import TIES
from crm.records.actor import Actor
from crm.records.diff import plain
from crm.records.models import AuditEvent, Entry, EntryLink, Outgoing, Record
from crm.records.purge import purge, purge_attached
from crm.records.services import delete_many

MOST = 10_000
Keys = list[tuple[str, int]]


def plain_row(row: models.Model, *without: str) -> dict:
    """A row as JSON: its columns as they are stored."""
    named = {f.name: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in without}
    return {name: plain(value) for name, value in named.items() if value not in (None, "", [], {})}


def attached_models() -> Iterator[type[Record]]:
    """Every model whose records hang on one of any entity."""
    for model in apps.get_models():
        if issubclass(model, Record) and {"on_entity", "on_id"} <= {f.name for f in model._meta.concrete_fields}:
            yield model


def attached(keys: Keys) -> list[Record]:
    """All that hangs on the records, and on what hangs on them; in the trash too."""
    found: dict[tuple[str, int], Record] = {}
    waiting = list(keys)
    while waiting:
        label, pk = waiting.pop()
        for model in attached_models():
            for row in model._base_manager.filter(on_entity=label, on_id=pk)[:MOST]:
                key = (row.entity_label(), row.pk)
                if key not in found:
                    found[key] = row
                    waiting.append(key)
    return list(found.values())


def _attached_rows(subject: Subject) -> Iterator[dict]:
    for row in attached(subject.keys):
        yield {"entity": row.entity_label(), **plain_row(row)}


def _attached_files(subject: Subject) -> Iterator[tuple[str, Path]]:
    files = [row for row in attached(subject.keys) if isinstance(row, StoredFile)]
    yield from file_paths(files)


def file_paths(files: Iterable[StoredFile]) -> Iterator[tuple[str, Path]]:
    """(name, path) of each version of the files."""
    for version in FileVersion.objects.filter(file__in=[file.pk for file in files]).order_by("file", "number"):
        yield f"{version.file_id}-{version.number}-{version.name}", path_of(version.sha256)


def tied(model: type[models.Model], keys: Keys) -> models.QuerySet:
    """The rows of a table that name the records: by ``on_entity`` and ``on_id``, or by ``entity`` and ``record_id``."""
    label_name, id_name = next(pair for pair in TIES if {f.name for f in model._meta.concrete_fields} >= set(pair))
    reach = Q(pk__in=[])
    for label, pk in keys:
        reach |= Q(**{label_name: label, id_name: pk})
    return model._base_manager.filter(reach)


def add_tied_place(name: str, label: Any, model: type[models.Model], *, order: int = 10) -> None:
    """Let the rows of a table that is no entity be exported with the person that they name, and go with them."""
    add_place(
        Place(
            name,
            label,
            lambda subject: tied(model, subject.keys).count(),
            lambda subject, actor: tied(model, subject.keys).delete()[0],
            lambda subject: (plain_row(row, "key") for row in tied(model, subject.keys)),
            order=order,
        )
    )


def note_contents(files: Iterable[StoredFile], subject: Subject) -> None:
    """Remember the contents of the files: they are unlinked once it is committed that the files went."""
    known = FileVersion.objects.filter(file__in=[file.pk for file in files])
    subject.contents |= set(known.values_list("sha256", flat=True))


def _erase_attached(subject: Subject, actor: Actor) -> int:
    note_contents([row for row in attached(subject.keys) if isinstance(row, StoredFile)], subject)
    return sum(purge_attached(type(one), [one.pk], actor) for one in subject.persons)


def _parts(subject: Subject) -> Iterator[Record]:
    """Records that are parts of the person's: affiliations."""
    for one in subject.persons:
        for relation in type(one)._meta.related_objects:
            child = relation.related_model
            if issubclass(child, Record) and relation.on_delete is models.CASCADE:
                yield from child._base_manager.filter(**{relation.field.name: one.pk})


def _erase_parts(subject: Subject, actor: Actor) -> int:
    count = 0
    for part in list(_parts(subject)):
        if part.deleted_at is None:
            delete_many([part], actor=actor)
        count += purge([part], actor=actor)
    return count


def _entries(subject: Subject) -> Iterator[Entry]:
    for label, pk in subject.keys:
        linked = EntryLink.objects.filter(entity=label, record_id=pk).values("entry_id")
        yield from Entry.objects.filter(pk__in=linked).order_by("at", "pk").iterator()
        yield from Entry.objects.filter(entity=label, record_id=pk).exclude(pk__in=linked).iterator()


def _audit_rows(subject: Subject) -> Iterator[dict]:
    for label, pk in subject.keys:
        for event in AuditEvent.objects.filter(entity=label, record_ids=[pk]).order_by("at").iterator():
            yield {"at": event.at.isoformat(), "action": event.action, "user": event.user_id}


def _consents(subject: Subject) -> Iterator[ConsentRecord]:
    for label, pk in subject.keys:
        yield from ConsentRecord.objects.filter(person_entity=label, person_id=pk).select_related("purpose", "text")


def _consent_rows(subject: Subject) -> Iterator[dict]:
    for row in _consents(subject):
        wording = {"zh": row.text.text_zh, "en": row.text.text_en} if row.text else {}
        yield {**plain_row(row), "purpose": row.purpose.code, "text": wording}


def _blank_consents(subject: Subject, actor: Actor) -> int:
    """They stay as proof, without where they came from."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
    for label, pk in subject.keys:
        ConsentRecord.objects.filter(person_entity=label, person_id=pk).update(address=None, proof="")
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'off', true)")
    return 0


def _erase_outgoing(subject: Subject, actor: Actor) -> int:
    count = 0
    for label, pk in subject.keys:
        rows = Outgoing.objects.filter(entity=label, record_id=pk)
        rows.filter(state=Outgoing.State.QUEUED).update(state=Outgoing.State.CANCELLED)
        count += rows.update(payload={}, result={}, error="")
        RecordShare.objects.filter(entity=label, record_id=pk).delete()
    return count


def _outgoing(subject: Subject) -> int:
    return sum(Outgoing.objects.filter(entity=label, record_id=pk).count() for label, pk in subject.keys)


def _results(subject: Subject) -> list[JobFile]:
    """Result files of jobs in which the person stands."""
    if not subject.known.everywhere:
        return []
    finds = re.compile(subject.known.everywhere, re.IGNORECASE)
    return [
        one
        for one in JobFile.objects.select_related("job").iterator()
        if finds.search(one.name) or holds(Path(default_storage.path(one.file.name)), finds) or _about(one.job, subject)
    ]


def _about(job: Job, subject: Subject) -> bool:
    """Whether it is a copy of the person's data that was made on request."""
    return job.kind == "privacy.export" and [job.params.get("entity"), job.params.get("record")] in map(
        list, subject.keys
    )


def _erase_results(subject: Subject, actor: Actor) -> int:
    found = _results(subject)
    for result in found:
        subject.paths.add(result.file.name)
        result.delete()
    return len(found)


def _elsewhere(subject: Subject) -> list[StoredFile]:
    """Files of other records in which the person stands."""
    if not subject.files_elsewhere or not subject.known.everywhere:
        return []
    finds = re.compile(subject.known.everywhere, re.IGNORECASE)
    own = {row.pk for row in attached(subject.keys) if isinstance(row, StoredFile)}
    versions = FileVersion.objects.exclude(file__in=own).select_related("file").iterator()
    return list(
        {v.file_id: v.file for v in versions if finds.search(v.name) or holds(path_of(v.sha256), finds)}.values()
    )


def _erase_elsewhere(subject: Subject, actor: Actor) -> int:
    found = _elsewhere(subject)
    note_contents(found, subject)
    for file in found:
        if file.deleted_at is None:
            delete_many([file], actor=actor)
        purge([file], actor=actor)
    return len(found)


def _same_count(rows: object) -> int:
    return sum(1 for _row in rows)  # type: ignore[attr-defined]


def register() -> None:
    """Declare them; called once at start-up."""
    add_place(
        Place(
            "attached",
            _("Follow-ups, tasks, comments and files about the person"),
            lambda subject: len(attached(subject.keys)),
            _erase_attached,
            _attached_rows,
            _attached_files,
            order=30,
        )
    )
    add_place(
        Place(
            "parts",
            _("Links with companies"),
            lambda subject: _same_count(_parts(subject)),
            _erase_parts,
            lambda subject: ({"entity": part.entity_label(), **plain_row(part)} for part in _parts(subject)),
            order=40,
        )
    )
    add_place(
        Place(
            "history",
            _("Values in the history"),
            lambda subject: 0,
            lambda subject, actor: 0,
            lambda subject: (plain_row(entry, "id") for entry in _entries(subject)),
            order=50,
        )
    )
    add_place(Place("audit", _("Who looked at it"), lambda subject: 0, lambda subject, actor: 0, _audit_rows, order=50))
    add_place(Place("consents", _("Consents"), lambda subject: 0, _blank_consents, _consent_rows, order=50))
    add_place(Place("outgoing", _("What was sent or waits to be sent"), _outgoing, _erase_outgoing, order=20))
    add_place(
        Place("results", _("Exported files and results of jobs"), lambda s: len(_results(s)), _erase_results, order=20)
    )
    add_place(Place("elsewhere", _("Files of other records"), lambda s: len(_elsewhere(s)), _erase_elsewhere, order=20))
