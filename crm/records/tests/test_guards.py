"""A rule that refuses a write refuses it through every door: form, cell, verb, bulk, import, trash, undo."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from crm.records import hooks, services
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch
from crm.records.models import ChangeSet, Entry
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")


@pytest.fixture
def guarded(monkeypatch):
    """Nobody is called Bad, and what is called Fixed neither changes nor goes."""

    def refuse(batch: WriteBatch) -> None:
        if batch.model is not Lead:
            return
        for before, after in zip(batch.before, batch.after, strict=True):
            if after.name == "Bad" and not batch.undoing:
                raise ValidationError({"name": "Not that name."})
            if before is not None and before.name == "Fixed":
                raise ValidationError("It is fixed.")

    monkeypatch.setattr(hooks, "_guards", [*hooks._guards, refuse])


@pytest.fixture
def signed_in(client, boss):
    client.force_login(boss)
    return client


def test_services_write_nothing_that_is_refused(guarded, rep):
    entries = Entry.objects.count()
    for write in (
        lambda: services.save(Lead(name="Bad", owner=rep), actor=SYSTEM),
        lambda: services.save_many([Lead(name="Good", owner=rep), Lead(name="Bad", owner=rep)], actor=SYSTEM),
    ):
        with pytest.raises(ValidationError):
            write()
    assert not Lead.objects.exists() and Entry.objects.count() == entries


def test_the_form_and_the_cell_name_the_field_and_keep_what_was_typed(guarded, signed_in):
    lead = make_lead(name="Good")
    page = signed_in.post(
        f"/sales/leads/{lead.pk}/edit/", {"name": "Bad", "version": 1, "status": "new", "owner": lead.owner_id}
    )
    assert page.status_code == 422 and page.context["form"].errors["name"] == ["Not that name."]
    assert 'value="Bad"' in page.content.decode()
    cell = signed_in.post(f"/sales/leads/{lead.pk}/cell/name/", {"name": "Bad", "version": 1})
    assert cell.status_code == 422 and Lead.objects.get().name == "Good"


def test_the_trash_refuses_with_the_reason(guarded, signed_in):
    lead = make_lead(name="Fixed")
    page = signed_in.post(f"/sales/leads/{lead.pk}/delete/", follow=True)
    assert [str(m) for m in page.context["messages"]] == ["It is fixed."]
    assert Lead.objects.get().deleted_at is None


def test_bulk_changes_the_others_and_says_what_it_left(guarded, signed_in):
    free, fixed = make_lead(name="Good"), make_lead(name="Fixed")
    data = {"apply": "1", "change_rating": "on", "rating": "hot", "selected": [free.pk, fixed.pk]}
    page = signed_in.post("/sales/leads/bulk/edit/", data, follow=True)
    assert [str(m) for m in page.context["messages"]] == ["1 record was changed.", "1 refused: It is fixed."]
    assert set(Lead.objects.values_list("name", "rating")) == {("Good", "hot"), ("Fixed", "")}


def test_undo_lists_what_it_may_not_touch(guarded, rep):
    lead = make_lead(name="Good")
    changes = ChangeSet.objects.create(kind="bulk")
    lead.name = "Fixed"
    services.save(lead, actor=SYSTEM, changes=changes)
    from crm.records.undo import undo

    done = undo(changes, actor=SYSTEM)
    assert done.records == 0 and len(done.conflicts) == 1 and Lead.objects.get().name == "Fixed"
