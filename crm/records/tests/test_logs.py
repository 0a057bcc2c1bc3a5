"""The logs refuse changes, live in months and lose only old audit months."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from crm.records.models import AuditEvent, Entry, EntryLink
from crm.records.partitions import drop_old_audit, ensure_partitions

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Entry, EntryLink, AuditEvent])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_log_refuses_to_change(model, verb):
    values = {Entry: {"kind": "a.b.c", "entity": "a.b", "record_id": 1}, AuditEvent: {"action": "viewed"}}.get(
        model, {"at": datetime(2026, 11, 1, tzinfo=UTC), "entry_id": 1, "kind": "a", "entity": "a.b", "record_id": 1}
    )
    model.objects.create(**values)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.all().update(
            at=datetime(2026, 1, 1, tzinfo=UTC)
        ) if verb == "update" else model.objects.all().delete()
    assert model.objects.count() == 1


def table_of(entry):
    with connection.cursor() as cursor:
        cursor.execute("select tableoid::regclass::text from records_entry where id = %s", [entry.pk])
        return cursor.fetchone()[0]


def test_an_entry_lies_in_its_month_and_strangers_in_the_default():
    ensure_partitions(date(2031, 5, 20))
    assert (
        table_of(Entry.objects.create(at=datetime(2031, 8, 1, tzinfo=UTC), kind="k", entity="e", record_id=1))
        == "records_entry_203108"
    )
    assert (
        table_of(Entry.objects.create(at=datetime(1999, 8, 1, tzinfo=UTC), kind="k", entity="e", record_id=1))
        == "records_entry_default"
    )


def test_only_audit_months_past_their_retention_are_dropped(settings):
    settings.AUDIT_MONTHS = 2
    ensure_partitions(date(2040, 1, 1))
    dropped = drop_old_audit(date(2040, 4, 10))
    assert "records_auditevent_204001" in dropped
    assert "records_auditevent_204002" not in dropped
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('records_entry_204001') is not null")
        assert cursor.fetchone()[0]
