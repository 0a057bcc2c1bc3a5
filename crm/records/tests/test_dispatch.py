"""The outbox: exactly once under kills, duplicates, two dispatchers and failing subscribers."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.records import hooks
from crm.records.dispatch import MAX_ATTEMPTS, dispatch, retry_failed
from crm.records.models import AuditEvent, Delivery, Entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard():
    """A subscriber whose effect in the database is one audit row an entry."""

    def listen(entry):
        AuditEvent.objects.create(action="heard", data={"entry": entry.pk})

    hooks.on("test.thing.*", name="test.listen")(listen)
    yield lambda: list(AuditEvent.objects.filter(action="heard").order_by("id").values_list("data__entry", flat=True))
    del hooks.subscribers["test.listen"]
    hooks.wanted_by.cache_clear()


def put(count=1, record_id=None):
    for i in range(count):
        entry = Entry.objects.create(kind="test.thing.made", entity="test.thing", record_id=record_id or i, title="x")
        for name in hooks.wanted_by(entry.kind):
            Delivery.objects.create(
                entry_id=entry.pk, entry_at=entry.at, entity=entry.entity, record_id=entry.record_id, subscriber=name
            )


def test_each_delivery_has_its_effect_once(heard):
    put(5)
    assert dispatch() == 5
    assert dispatch() == 0
    assert heard() == sorted(Entry.objects.values_list("id", flat=True))
    assert not Delivery.objects.exists()


def test_a_dispatcher_killed_before_commit_leaves_no_half_effect(heard, monkeypatch):
    put(1)

    class Killed(BaseException):
        """Like SIGKILL: nothing catches it, the connection drops and the transaction with it."""

    monkeypatch.setattr(Delivery, "delete", lambda self: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        dispatch()
    assert heard() == []
    monkeypatch.undo()
    dispatch()
    assert len(heard()) == 1


def test_two_dispatchers_share_the_work_without_repeating_it(heard):
    put(40)
    finished = []

    def work():
        try:
            dispatch()
            finished.append(True)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert finished == [True, True]
    assert sorted(heard()) == sorted(Entry.objects.values_list("id", flat=True))


def test_one_record_is_told_in_order_even_when_the_first_is_held(heard):
    put(2, record_id=7)
    first = Delivery.objects.order_by("id").first()
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=first.pk)
        thread = threading.Thread(target=lambda: (dispatch(), connection.close()))
        thread.start()
        thread.join()
        assert heard() == []
    dispatch()
    assert heard() == sorted(heard())
    assert len(heard()) == 2


def test_a_failing_subscriber_is_retried_then_set_aside(heard):
    calls = []

    def fail(entry):
        AuditEvent.objects.create(action="half")
        calls.append(entry.pk)
        raise ValueError("no")

    hooks.on("test.thing.*", name="test.fail")(fail)
    try:
        put(1)
        for _attempt in range(MAX_ATTEMPTS + 2):
            Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
            dispatch()
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts, len(calls)) == ("failed", MAX_ATTEMPTS, MAX_ATTEMPTS)
        assert "ValueError: no" in delivery.error
        assert not AuditEvent.objects.filter(action="half").exists()
        assert len(heard()) == 1
        assert retry_failed() == 1
        dispatch()
        assert len(calls) == MAX_ATTEMPTS + 1
    finally:
        del hooks.subscribers["test.fail"]
        hooks.wanted_by.cache_clear()


def test_the_same_delivery_can_not_be_queued_twice(heard):
    put(1)
    first = Delivery.objects.get()
    with pytest.raises(Exception, match="delivery_is_unique"), transaction.atomic():
        Delivery.objects.create(
            entry_id=first.entry_id, entry_at=first.entry_at, entity="x", record_id=1, subscriber=first.subscriber
        )
