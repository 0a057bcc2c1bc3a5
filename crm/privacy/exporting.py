"""All data of one person as an archive: what is kept of them as JSON, and the files."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from crm.entities.entity import registry
from crm.lib.sealing import is_sealed
from crm.privacy.erasing import subject_of
from crm.privacy.own_places import plain_row
from crm.privacy.people import CATEGORIES, personal_fields
from crm.privacy.places import Subject, places
from crm.records.models import Record


def export_person(record: Record) -> tuple[Path, int]:
    """(a temporary archive, how many rows it tells of). The caller removes it."""
    subject = subject_of(record)
    handle = tempfile.NamedTemporaryFile(prefix=".person-", suffix=".zip", delete=False)  # noqa: SIM115
    handle.close()
    target, count = Path(handle.name), 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        about: dict[str, Any] = {
            "made_at": timezone.now().isoformat(),
            "company": settings.COMPANY_NAME,
            "records": [record_told(one) for one in subject.persons],
        }
        for place in places():
            rows = list(place.rows(subject))
            count += len(rows)
            if rows:
                about[place.name] = rows
        archive.writestr("data.json", json.dumps(about, ensure_ascii=False, indent=1, default=str))
        for name, path in _files(subject):
            if path.is_file():
                archive.write(path, f"files/{name}")
    return target, count + len(subject.persons)


def record_told(record: Record) -> dict[str, Any]:
    """A record in words: each personal field by its label, and every column as it is stored."""
    label = record.entity_label()
    entity = registry[label]
    personal = {
        name: {
            "label": str(entity.field(name).label),
            "category": str(CATEGORIES[category]),
            "value": entity.field(name).text(record),
        }
        for name, category in personal_fields(label).items()
        if entity.field(name).filled(record)
    }
    stored = plain_row(record, "custom")
    stored["custom"] = {k: v for k, v in (record.custom or {}).items() if not is_sealed(v) and not k.startswith("~")}
    return {"entity": label, "name": entity.name, "personal": personal, "stored": stored}


def _files(subject: Subject) -> Iterator[tuple[str, Path]]:
    for place in places():
        yield from place.files(subject)
