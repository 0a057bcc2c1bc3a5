"""Reminders: at the minute they name, once, whatever dies meanwhile; put off, overdue, told above."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from celery.schedules import crontab
from django.conf import settings as configured
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.activities import reminders
from crm.activities.attending import answer, invite
from crm.activities.models import Reminder
from crm.activities.services import complete_task, postpone_task
from crm.notifications import reminding
from crm.notifications.models import Choice, Notification
from crm.notifications.reminding import escalate, remind
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry, Outgoing

pytestmark = pytest.mark.django_db


@pytest.fixture
def soon():
    """A full minute, half an hour from now."""
    return (timezone.now() + timedelta(minutes=30)).replace(second=0, microsecond=0)


def waiting(task):
    return list(task.reminders.filter(sent_at__isnull=True).order_by("at").values_list("user__username", "at"))


def told(user):
    return Notification.objects.filter(user=user, kind="task_due").count()


def test_in_the_minute_that_it_names(rep, keeps, make_activity, soon):
    keeps(rep)
    task = make_activity(rep, due_at=soon, remind="15")
    at = soon - timedelta(minutes=15)
    assert waiting(task) == [("rep", at)]
    assert remind(at - timedelta(seconds=1)) == 0
    assert remind(at) == 1
    assert remind(at + timedelta(seconds=30)) == 0
    assert remind(at + timedelta(hours=2)) == 0
    assert told(rep) == 1


def test_the_clock_strikes_at_the_full_minute():
    entry = configured.CELERY_BEAT_SCHEDULE["notifications.reminders"]
    assert entry["schedule"] == crontab()


def test_by_mail_for_who_wants_it(rep, keeps, make_activity, soon):
    keeps(rep)
    rep.email = "rep@example.com"
    rep.save()
    make_activity(rep, due_at=soon, remind="0")
    Choice.objects.create(user=rep, kind="task_due", channels=["app", "email"])
    remind(soon)
    assert Outgoing.objects.filter(kind="notification.email").count() == 1
    remind(soon)
    assert Outgoing.objects.filter(kind="notification.email").count() == 1


def test_everybody_as_they_prefer(rep, other, keeps, make_activity, soon):
    keeps(rep)
    keeps(other)
    other.prefer("remind", "5")
    task = make_activity(rep, due_at=soon)
    invite(task, actor=Actor(rep), user=other)
    assert waiting(task) == [("rep", soon - timedelta(minutes=15)), ("other", soon - timedelta(minutes=5))]
    answer(task.participants.get(), "declined", actor=Actor(other))
    assert [name for name, _at in waiting(task)] == ["rep"]
    other.prefer("remind", "never")
    answer(task.participants.get(), "accepted", actor=Actor(other))
    assert [name for name, _at in waiting(task)] == ["rep"]


def test_another_usual_time_holds_for_what_lies_ahead(client, rep, keeps, make_activity, soon):
    keeps(rep)
    usual, own = make_activity(rep, due_at=soon), make_activity(rep, due_at=soon, remind="10080")
    client.force_login(rep)
    assert client.post("/calendar/addresses/", {"remind": "5"}).status_code == 302
    assert waiting(usual) == [("rep", soon - timedelta(minutes=5))]
    assert waiting(own) == [("rep", soon)]  # a week before has gone by: told when it begins


def test_it_follows_the_activity(rep, other, keeps, make_activity, soon):
    keeps(rep)
    keeps(other)
    task = make_activity(rep, due_at=soon, remind="0")
    task.due_at = soon + timedelta(hours=1)
    records.save(task, actor=Actor(rep))
    assert waiting(task) == [("rep", soon + timedelta(hours=1))]
    task.owner = other
    records.save(task, actor=Actor(rep))
    assert waiting(task) == [("other", soon + timedelta(hours=1))]
    complete_task(task, actor=Actor(other))
    assert waiting(task) == []


def test_what_was_done_or_deleted_in_between_is_not_told(rep, keeps, make_activity, soon):
    keeps(rep)
    done, gone = make_activity(rep, due_at=soon, remind="0"), make_activity(rep, due_at=soon, remind="0")
    Reminder.objects.update(at=soon)
    type(done).objects.filter(pk=done.pk).update(status="done")
    type(gone).objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    assert remind(soon) == 0
    assert not Reminder.objects.filter(sent_at__isnull=True).exists()


def test_who_may_not_see_it_any_more_hears_nothing(rep, keeps, make_activity, soon, grant):
    keeps(rep)
    make_activity(rep, due_at=soon, remind="0")
    grant(rep, "activities.task", view=Scope.NONE)
    assert remind(soon) == 0
    assert told(rep) == 0


def test_late_but_not_days_late(rep, keeps, make_activity, soon):
    keeps(rep)
    make_activity(rep, due_at=soon, remind="0")
    assert remind(soon + reminders.BEHIND) == 0
    assert remind(soon + reminders.BEHIND - timedelta(minutes=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_tell_it_once(rep, keeps, make_activity, soon):
    keeps(rep)
    for _n in range(12):
        make_activity(rep, due_at=soon, remind="0")
    together, counts = threading.Barrier(2), []

    def tick():
        together.wait()
        counts.append(remind(soon))
        connections.close_all()

    threads = [threading.Thread(target=tick) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 12
    assert told(rep) == 12


@pytest.mark.django_db(transaction=True)
def test_what_another_clock_holds_is_passed_over(rep, keeps, make_activity, soon):
    keeps(rep)
    make_activity(rep, due_at=soon, remind="0")
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            assert len(reminders.claim_due(soon)) == 1
            locked.set()
            done.wait(10)
            transaction.set_rollback(True)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(10)
    assert remind(soon) == 0
    done.set()
    thread.join()
    assert remind(soon) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(rep, keeps, make_activity, soon, monkeypatch):
    keeps(rep)
    for _n in range(3):
        make_activity(rep, due_at=soon, remind="0")
    told_before_death = []

    def die(*args, **kwargs):
        if len(told_before_death) == 2:
            with connections["default"].cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                pid = cursor.fetchone()[0]
            killer = connections.create_connection("default")
            with killer.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(%s)", [pid])
            killer.close()
        told_before_death.append(1)
        return notify(*args, **kwargs)

    notify = reminding.notify
    monkeypatch.setattr(reminding, "notify", die)
    with pytest.raises(Exception, match="terminat|closed|connection"):
        remind(soon)
    connection.close()
    monkeypatch.setattr(reminding, "notify", notify)
    assert told(rep) == 0
    assert remind(soon) == 3
    assert told(rep) == 3


# Once more


def test_put_off_from_the_notification(client, rep, keeps, make_activity, soon):
    keeps(rep)
    task = make_activity(rep, due_at=soon, remind="0")
    remind(soon)
    row = Notification.objects.get(user=rep)
    client.force_login(rep)
    assert f"/notifications/{row.pk}/again/" in client.get("/notifications/").content.decode()
    answer_ = client.post(f"/notifications/{row.pk}/again/", {"in": "10"}, headers={"HX-Request": "true"})
    assert answer_.status_code == 200
    row.refresh_from_db()
    assert row.read_at is not None
    (_name, at) = waiting(task)[0]
    assert timedelta(minutes=9) < at - timezone.now() < timedelta(minutes=11, seconds=1)
    assert remind(at) == 1
    assert told(rep) == 2


@pytest.mark.parametrize("later", ["", "5", "-10", "99999999", "x"])
def test_only_what_is_offered(client, rep, keeps, make_activity, soon, later):
    keeps(rep)
    make_activity(rep, due_at=soon, remind="0")
    remind(soon)
    client.force_login(rep)
    row = Notification.objects.get(user=rep)
    assert client.post(f"/notifications/{row.pk}/again/", {"in": later}).status_code == 422


def test_nobody_puts_off_what_others_were_told(client, rep, other, keeps, make_activity, soon):
    keeps(rep)
    make_activity(rep, due_at=soon, remind="0")
    remind(soon)
    client.force_login(other)
    assert client.post(f"/notifications/{Notification.objects.get().pk}/again/", {"in": "10"}).status_code == 404


def test_not_into_the_past_nor_far_away(rep, keeps, make_activity):
    keeps(rep)
    task = make_activity(rep)
    for at in (timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=40)):
        with pytest.raises(ValidationError):
            reminders.snooze(task, rep, at)


def test_what_was_put_off_survives_a_change(rep, keeps, make_activity, soon):
    keeps(rep)
    task = make_activity(rep, due_at=soon, remind="0")
    later = soon + timedelta(hours=3)
    reminders.snooze(task, rep, later)
    postpone_task(task, actor=Actor(rep), days=1, working=False)
    assert ("rep", later) in waiting(task)


# Above


def test_superiors_hear_of_what_is_overdue_for_days(rep, other, keeps, make_activity, settings):
    settings.ESCALATE_DAYS = 2
    keeps(rep)
    keeps(other, view=Scope.ALL)
    rep.manager = other
    rep.save()
    monday = timezone.make_aware(datetime(2026, 3, 2, 10))
    task = make_activity(rep, due_at=monday)
    assert escalate(monday + timedelta(days=1)) == 0
    wednesday = timezone.make_aware(datetime(2026, 3, 4, 18, 30))
    assert escalate(wednesday) == 1
    assert escalate(wednesday + timedelta(days=1)) == 0
    assert Notification.objects.get(user=other).kind == "task_late"
    assert Entry.objects.filter(kind="activities.task.escalated", record_id=task.pk).count() == 1
    settings.ESCALATE_DAYS = 0
    make_activity(rep, due_at=monday)
    assert escalate(wednesday) == 0
