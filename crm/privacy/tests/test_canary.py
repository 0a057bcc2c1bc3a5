"""Forty values are planted all over the house, the person is erased through the pages, and nothing of them is found any more."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse

from crm.embedded.backup import tool
from crm.files.previews import make_waiting
from crm.jobs.models import Job
from crm.messaging.tests.conftest import account, inbox, mailbox, own_network, receiver  # noqa: F401 - fixtures
from crm.privacy.models import PrivacyRequest, Suppression
from crm.privacy.tests.planting import EMAIL, FREE, MOBILE, NAME, VALUES, plant, spellings
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.records.undo import restore_value, undo, undo_entry
from crm.search.models import SearchRow
from customers.models import Contact

pytestmark = pytest.mark.django_db(transaction=True)


def dump() -> bytes:
    """The whole database as text."""
    found = connection.settings_dict
    host = connection.connection.info.host
    command = [
        tool("pg_dump", connection.connection),
        "--format=plain",
        "-h",
        host,
        "-p",
        str(connection.connection.info.port or 5432),
    ]
    done = subprocess.run(
        [*command, "-U", found["USER"] or "crm", found["NAME"]], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def contents(folder: Path) -> list[tuple[str, bytes]]:
    """Every file, archives unpacked."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            found.append((str(path), path.name.encode() + path.read_bytes()))
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    found += [(f"{path}!{name}", archive.read(name)) for name in archive.namelist()]
    return found


def places(data: bytes, value: str) -> list[str]:
    """Where a value stands in a dump: the beginnings of lines."""
    return [
        line[:160].decode("utf-8", "replace") for one in spellings(value) for line in data.split(b"\n") if one in line
    ][:3]


def found_of(values: list[str]) -> dict[str, list[str]]:
    """What is still found, and where."""
    data, files = dump(), contents(Path(settings.PRIVATE_ROOT))
    left = {value: places(data, value) for value in values}
    for value in values:
        left[value] += [name for name, content in files if any(one in content for one in spellings(value))]
    return {value: where for value, where in left.items() if where}


def test_forty_values_are_gone(client, boss, rep, officer, account, inbox, settings):  # noqa: F811
    assert len(set(VALUES)) == 40
    contact = plant(rep, boss, client, account, inbox)
    make_waiting()
    planted = found_of(VALUES)
    sealed = {value for value in VALUES if value not in planted}
    assert not sealed, sealed
    client.force_login(officer)
    page = reverse("entities:action", args=["customers", "contacts", contact.pk, "privacy_request"])
    assert (
        client.post(
            page, {"kind": "erasure", "law": "pipl", "received_on": "2026-11-22", "note": f"{NAME} {MOBILE}"}
        ).status_code
        == 302
    )
    request = PrivacyRequest.objects.get()
    address = request.entity_label() and reverse("entities:action", args=["privacy", "requests", request.pk, "preview"])
    assert client.post(address, {"files_elsewhere": "on"}).status_code == 302
    request.refresh_from_db()
    assert request.plan["goes"], Job.objects.latest("pk").error
    assert found_of(VALUES).keys() == planted.keys()
    erase = reverse("entities:action", args=["privacy", "requests", request.pk, "erase"])
    assert client.post(erase, {"files_elsewhere": "on"}).status_code == 422
    assert client.post(erase, {"files_elsewhere": "on", "sure": "on"}).status_code == 302
    request.refresh_from_db()
    job = Job.objects.latest("pk")
    assert (job.state, job.error) == ("done", "")
    assert (request.state, request.outcome["failed"], request.note) == ("done", {}, "")
    assert found_of(VALUES) == {}
    assert not SearchRow.objects.filter(haystack__contains=NAME).exists()
    assert Suppression.objects.count() >= 8
    _nothing_comes_back(contact, boss)
    assert found_of(VALUES) == {}


def _nothing_comes_back(contact: Contact, boss) -> None:
    """No undo, no restoring of single values, no trash brings anything back."""
    actor = Actor(boss, "request:9")
    gone = Contact.objects.get(pk=contact.pk)
    if gone.deleted_at:
        records.restore(gone, actor=actor)
    for entry in Entry.objects.filter(entity="customers.contact", record_id=contact.pk):
        undo_entry(entry, actor=actor)
        for name in entry.changes:
            restore_value(entry, name, actor=actor)
    for changes in ChangeSet.objects.filter(undone_at=None).exclude(kind="undo"):
        undo(changes, actor=actor)
    gone = Contact.objects.get(pk=contact.pk)
    assert (gone.name, gone.mobile, gone.birthday, gone.extras, gone.custom) == (f"#{gone.pk}", "", None, {}, {})


def test_the_check_itself_sees(rep):
    """A value that is there is found: in the dump and in archives."""
    path = Path(default_storage.path("x/a.zip"))
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", FREE[0])
    rep.email = EMAIL
    rep.save()
    assert set(found_of([FREE[0], EMAIL, MOBILE])) == {FREE[0], EMAIL}
    assert re.search(b"CREATE TABLE", dump())
