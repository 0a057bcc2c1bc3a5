"""What leaves the program: in the receiver's language and rights, at a decent hour, once."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from crm.access.models import Scope
from crm.notifications import notices
from crm.notifications.models import Hours, Notification
from crm.notifications.quiet import next_moment
from crm.notifications.registry import Channel, add_channel, channels
from crm.notifications.sending import queue_digests
from crm.notifications.services import Choice, mark_read, notify
from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.sending import send_due

LABEL = "sales.opportunity"
# 2026-11-23 is a Monday; 10:00 in Shanghai.
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.fixture
def awake(seller):
    """Nothing is quiet for the seller."""
    Hours.objects.create(user=seller, quiet_from=None, quiet_until=None)
    return seller


def test_a_mail_is_in_the_receivers_language(deal, awake, reader):
    awake.language = "zh-hans"
    awake.save()
    notify([awake], notices.MENTIONED, actor=Actor(reader), record=deal)
    assert send_due() == 1
    sent = mail.outbox[0]
    assert sent.to == ["rep@example.com"]
    assert "泵站改造" in sent.subject
    assert f"/sales/opportunities/{deal.pk}/" in sent.body
    assert sent.extra_headers["Message-ID"].startswith("<notification.email-")
    assert send_due() == 0


def test_what_was_read_or_may_not_be_seen_any_more_is_not_mailed(deal, reader, grant, seller):
    Hours.objects.create(user=reader, quiet_from=None, quiet_until=None)
    notify([reader], notices.MENTIONED, actor=Actor(seller), record=deal, key="1")
    mark_read(reader)
    notify([reader], notices.MENTIONED, actor=Actor(seller), record=deal, key="2")
    grant(reader, LABEL, view=Scope.OWN)
    assert send_due() == 2
    assert mail.outbox == []
    results = Outgoing.objects.order_by("pk").values_list("state", "result")
    assert list(results) == [("done", {"skipped": "read"}), ("done", {"skipped": "hidden"})]


def test_a_refused_address_fails_and_administrators_hear_of_it(deal, awake, reader, boss, monkeypatch):
    def refuse(*args, **kwargs):
        raise smtplib.SMTPRecipientsRefused({"rep@example.com": (550, b"no such user")})

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    notify([awake], notices.MENTIONED, actor=Actor(reader), record=deal)
    send_due()
    assert Outgoing.objects.get().state == "failed"
    assert Notification.objects.get(user=boss).kind == "not_sent"


def test_a_server_that_is_down_is_tried_again(deal, awake, reader, monkeypatch):
    def down(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", down)
    notify([awake], notices.MENTIONED, actor=Actor(reader), record=deal)
    send_due()
    row = Outgoing.objects.get()
    assert (row.state, row.attempts) == ("queued", 1)
    assert row.next_at > timezone.now()


@pytest.mark.parametrize(
    ("start", "end", "moment", "expected"),
    [
        (time(21), time(8), datetime(2026, 11, 23, 14, tzinfo=UTC), datetime(2026, 11, 24, 0, tzinfo=UTC)),
        (time(21), time(8), datetime(2026, 11, 22, 23, tzinfo=UTC), datetime(2026, 11, 23, 0, tzinfo=UTC)),
        (time(21), time(8), MONDAY, MONDAY),
        (time(12), time(14), datetime(2026, 11, 23, 5, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)),
        (None, None, datetime(2026, 11, 23, 14, tzinfo=UTC), datetime(2026, 11, 23, 14, tzinfo=UTC)),
    ],
)
def test_quiet_hours_hold_back(seller, start, end, moment, expected):
    assert next_moment(Hours(user=seller, quiet_from=start, quiet_until=end), moment) == expected


def test_only_in_working_time(seller):
    hours = Hours(user=seller, only_working_time=True)
    saturday = datetime(2026, 11, 21, 4, tzinfo=UTC)
    assert next_moment(hours, saturday) == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_a_mail_waits_for_the_morning(deal, seller, reader):
    at = datetime(2099, 3, 2, 15, tzinfo=UTC)
    notify([seller], notices.MENTIONED, actor=Actor(reader), record=deal, now=at)
    assert Outgoing.objects.get().next_at == datetime(2099, 3, 3, 0, tzinfo=UTC)
    assert send_due() == 0


def test_the_summary_comes_once_a_day_with_what_was_not_read(deal, seller, reader):
    at = MONDAY - timedelta(hours=3)
    for number in range(3):
        notify([seller], notices.COMMENTED, actor=Actor(reader), record=deal, key=str(number), now=at)
    Notification.objects.filter(key="0").update(read_at=at)
    assert queue_digests(MONDAY - timedelta(hours=2)) == 0
    assert queue_digests(MONDAY) == 1
    assert queue_digests(MONDAY + timedelta(minutes=5)) == 0
    send_due()
    assert len(mail.outbox) == 1
    assert "2 notifications for you" in mail.outbox[0].subject
    assert mail.outbox[0].body.count("commented on 泵站改造") == 2
    notify([seller], notices.COMMENTED, actor=Actor(reader), record=deal, key="x", now=MONDAY)
    assert queue_digests(MONDAY + timedelta(hours=1)) == 0
    assert queue_digests(MONDAY + timedelta(days=1)) == 1


def test_no_summary_on_a_day_off(deal, seller, reader):
    saturday = MONDAY + timedelta(days=5)
    notify([seller], notices.COMMENTED, actor=Actor(reader), record=deal, now=saturday)
    assert queue_digests(saturday) == 0
    Hours.objects.filter(user=seller).update(digest_on_workdays=False)
    assert queue_digests(saturday) == 1


def test_another_way_out_is_one_registration(deal, seller, reader):
    sent = []
    add_channel(Channel("sms", "SMS", deliver=lambda row, at: sent.append((row.user, at))))
    try:
        Choice.objects.create(user=seller, kind="mentioned", channels=["sms"])
        notify([seller], notices.MENTIONED, actor=Actor(reader), record=deal, now=MONDAY)
    finally:
        del channels["sms"]
    assert sent == [(seller, MONDAY)]
    assert not Outgoing.objects.exists()
