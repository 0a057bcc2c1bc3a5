"""A sequence from the first mail to the end, at its minutes, each mail once."""

import email
import email.policy
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from crm.activities.models import Task
from crm.messaging.models import MailMessage
from crm.records.models import Entry, EntryLink, Outgoing
from crm.records.sending import rescue_claims
from sales.factories import make_lead
from sales.sequences import moving
from sales.sequences.entering import enrol
from sales.sequences.factories import make_sequence
from sales.sequences.models import StepRun
from sales.sequences.steps import write_steps

pytestmark = pytest.mark.django_db(transaction=True)


def fresh(enrolment):
    enrolment.refresh_from_db()
    return enrolment


def test_the_whole_life(enrolled, clock, due, receiver, lead):
    assert fresh(enrolled).state == "active" and enrolled.next_at == clock.at
    assert moving.turn() == 1
    due()
    [(_sender, recipients, data)] = receiver.mails
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert recipients == ["wang@customer.example"] and mail["subject"] == "关于供水泵组的选型"
    assert "王强，您好" in mail.get_body().get_content()
    assert fresh(enrolled).step.kind == "call"
    clock.on(days=1, hours=23, minutes=59)
    assert moving.turn() == 0
    clock.on(minutes=1)
    assert moving.turn() == 1
    task = Task.objects.get(on_entity="sales.lead", on_id=lead.pk)
    assert (task.subject, task.kind, task.owner_id) == ("电话回访 王强", "call", lead.owner_id)
    clock.on(days=3)
    assert moving.turn() == 1
    due()
    second = email.message_from_bytes(receiver.mails[1][2], policy=email.policy.default)
    assert second["subject"] == "Re: 关于供水泵组的选型" and second["in-reply-to"] == mail["message-id"]
    assert fresh(enrolled).state == "finished" and enrolled.next_at is None
    told = Entry.objects.filter(entity="sequences.enrolment", record_id=enrolled.pk).order_by("pk")
    names = [entry.kind.rpartition(".")[2] for entry in told]
    assert names == ["enrolled", "mailed", "tasked", "mailed"]
    on_lead = EntryLink.objects.filter(entity="sales.lead", record_id=lead.pk, entry_id__in=[e.pk for e in told])
    assert on_lead.count() == 4
    clock.on(days=30)
    assert moving.turn() == 0 and len(receiver.mails) == 2


def test_two_workers_send_once(clock, seller, actor, due, receiver):
    sequence = make_sequence(owner=seller)
    for number in range(12):
        lead = make_lead(owner=seller, email=f"p{number}@customer.example")
        enrol(lead, actor=actor, sequence=sequence)
    moved = []

    def work():
        moved.append(moving.turn(seconds=5))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) == 12 and StepRun.objects.count() == 12
    due()
    due()
    assert sorted(mail[1][0] for mail in receiver.mails) == sorted(f"p{n}@customer.example" for n in range(12))


def test_a_worker_that_dies_in_between_leaves_a_question(enrolled, due, receiver, clock, monkeypatch):
    monkeypatch.setattr(moving, "wake_outgoing", lambda: None)
    moving.turn()
    row = Outgoing.objects.get(kind="mail")
    Outgoing.objects.filter(pk=row.pk).update(state="claimed", claimed_at=clock.at, attempts=1)
    clock.on(hours=1)
    assert rescue_claims() == 1
    message = MailMessage._base_manager.get(pk=row.payload["message"])
    assert message.state == "unknown"
    clock.on(hours=1)
    moving.turn()
    due()
    assert receiver.mails == [] and fresh(enrolled).state == "active"


def test_steps_put_in_another_order_are_taken_once(enrolled, clock, actor):
    moving.turn()
    rows = [
        {"id": step.pk, "kind": step.kind, "wait": 1, "unit": "days", "template": None, "subject": step.subject, "body": step.body}
        for step in enrolled.sequence.steps.order_by("position")
    ]  # fmt: skip
    write_steps(enrolled.sequence, [rows[0], rows[2], rows[1]], actor=actor)
    clock.on(days=9)
    moving.turn()
    clock.on(days=9)
    moving.turn()
    assert fresh(enrolled).state == "finished"
    kinds = [run.step.kind for run in enrolled.runs.all()]
    assert kinds == ["mail", "mail", "call"]


def test_pausing_keeps_the_place(enrolled, clock, actor):
    moving.turn()
    moving.pause(fresh(enrolled), actor=actor)
    clock.on(days=9)
    assert moving.turn() == 0
    moving.resume(fresh(enrolled), actor=actor)
    assert enrolled.next_at == clock.at and moving.turn() == 1
    assert fresh(enrolled).runs.count() == 2


def test_what_can_not_be_sent_pauses_with_the_reason(enrolled, account):
    account.active = False
    account.save()
    moving.turn()
    assert fresh(enrolled).state == "paused" and "SMTP" in enrolled.note
    with pytest.raises(ValidationError):
        moving.resume(make_unsendable(enrolled), actor=None)


def make_unsendable(enrolment):
    enrolment.lead.email = ""
    type(enrolment.lead)._base_manager.filter(pk=enrolment.lead_id).update(email="")
    enrolment.refresh_from_db()
    return enrolment
