"""Files that people brought in still hold whom they brought: they go when the person is erased."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.exchange.models import Import, ImportRow
from crm.privacy.places import Place, Subject, add_place
from crm.privacy.reading import holds
from crm.records.actor import Actor
from crm.records.models import Entry


def _found(subject: Subject) -> list[Import]:
    """Imports that wrote a record of the person, and those in whose files the person stands."""
    wrote = Q(pk__in=[])
    for label, pk in subject.keys:
        sets = Entry.objects.filter(entity=label, record_id=pk).exclude(change_set=None).values("change_set_id")
        wrote |= Q(changes__in=sets)
    found = {run.pk: run for run in Import.objects.filter(wrote).exclude(file="")}
    pattern = subject.known.everywhere
    finds = re.compile(pattern, re.IGNORECASE) if pattern else None
    for run in Import.objects.exclude(file="").exclude(pk__in=found).iterator() if finds else ():
        if finds.search(run.name) or holds(Path(default_storage.path(run.file.name)), finds):
            found[run.pk] = run
    return list(found.values())


def _erase(subject: Subject, actor: Actor) -> int:
    """The file and what was copied out of it; the import, its counts and what it wrote of others stay."""
    found = _found(subject)
    for run in found:
        subject.paths.add(run.file.name)
        run.file, run.preview = "", {}
        for column in run.analysis.get("columns", ()):
            column |= {"samples": [], "distinct": []}
        run.save(update_fields=["file", "preview", "analysis"])
    ImportRow.objects.filter(run__in=found).update(cells=[])
    return len(found)


add_place(Place("imports", _("Files of imports"), lambda subject: len(_found(subject)), _erase, order=10))
