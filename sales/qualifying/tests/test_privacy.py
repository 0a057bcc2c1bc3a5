"""What was found out of a person is in their copy, and goes with them."""

import json
import zipfile

import pytest

from crm.privacy.erasing import erase
from crm.privacy.exporting import export_person
from crm.records.actor import Actor
from sales.factories import make_lead
from sales.qualifying.models import Answer, LeadQualification, Question
from sales.qualifying.services import answer

pytestmark = pytest.mark.django_db


def test_answers_are_told_and_erased(rep):
    lead, other = make_lead(owner=rep, name="王强"), make_lead(owner=rep, name="李想")
    question = Question.objects.create(name="谁拍板", kind="text", points=5)
    for one in (lead, other):
        answer(one, question, "他的岳父", actor=Actor(rep, "test"))
    path, _count = export_person(lead)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("data.json"))["qualifying.answers"]
    path.unlink()
    assert [(one["question"], one["answer"]) for one in told] == [("谁拍板", "他的岳父")]
    erase(lead, actor=Actor(None, "test"))
    assert list(Answer.objects.values_list("lead", flat=True)) == [other.pk]
    assert LeadQualification.objects.get(record=lead).answered == 0
