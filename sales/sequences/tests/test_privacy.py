"""The sequences that a person went through are in their copy, and go with them."""

import json
import zipfile

import pytest

from crm.privacy.erasing import erase
from crm.privacy.exporting import export_person
from crm.records.actor import Actor
from sales.sequences import moving
from sales.sequences.models import Enrolment

pytestmark = pytest.mark.django_db


def test_enrolments_are_told_and_erased(enrolled, clock, lead):
    path, _count = export_person(lead)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("data.json"))["sequences.enrolments"]
    path.unlink()
    assert [(one["sequence"], one["state"]) for one in told] == [(str(enrolled.sequence), "active")]
    erase(lead, actor=Actor(None, "test"))
    assert not Enrolment._base_manager.filter(pk=enrolled.pk).exists()
    assert moving.turn() == 0
