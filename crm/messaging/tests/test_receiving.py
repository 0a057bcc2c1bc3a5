"""Mail comes in by a real IMAP server: once, into its thread, onto the timelines of the right records."""

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from crm.messaging import imap
from crm.messaging.models import MailAccount, MailCopy, MailMessage, MailSetAside
from crm.messaging.polling import due_accounts, poll, try_again
from crm.tests.processes import environment

pytestmark = pytest.mark.django_db(transaction=True)


def mail(number=1, *, sender="wang@customer.example", to="li@example.com", subject="询价", body="请报价", extra=""):
    return (
        f"From: Wang <{sender}>\nTo: {to}\nSubject: {subject}\nMessage-ID: <m{number}@customer.example>\n"
        f"Date: Sat, 21 Nov 2026 10:00:{number % 60:02} +0800\n{extra}Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    ).encode()


def subjects():
    return list(MailMessage._base_manager.order_by("id").values_list("subject", flat=True))


def messages():
    return MailMessage._base_manager.order_by("id")


def test_what_is_new_comes_in_once(account, inbox, mailbox):
    inbox.add(mail(1, subject="一"))
    inbox.add(mail(2, subject="二"))
    assert poll(account.pk) == 2
    assert poll(account.pk) == 0
    inbox.add(mail(3, subject="三"))
    assert poll(account.pk) == 1
    assert subjects() == ["一", "二", "三"]
    assert mailbox.fetched == [1, 2, 3]
    account.refresh_from_db()
    assert (account.state, account.error) == ("fine", "")


def test_the_beat_reads_every_mailbox_that_is_due(account, inbox, make_user, mailbox):
    from crm.messaging.tasks import poll_all

    MailAccount.objects.create(
        name="off", address="off@example.com", owner=make_user("off"), active=False, imap_host="127.0.0.1"
    )
    MailAccount.objects.create(name="out only", address="out@example.com", owner=make_user("out"))
    inbox.add(mail(1))
    assert due_accounts() == [account.pk]
    poll_all()
    assert subjects() == ["询价"]
    assert due_accounts() == []
    assert due_accounts(timezone.now() + timedelta(minutes=2)) == [account.pk]


def test_a_server_that_numbers_anew_doubles_nothing(account, inbox):
    inbox.add(mail(1))
    inbox.add(mail(2, subject="二"))
    poll(account.pk)
    inbox.renumber()
    inbox.add(mail(3, subject="三"))
    poll(account.pk)
    assert subjects() == ["询价", "二", "三"]
    assert MailCopy.objects.count() == 5


def test_a_connection_that_breaks_goes_on_where_it_stopped(account, inbox, mailbox):
    for number in range(1, 6):
        inbox.add(mail(number, subject=str(number)))
    mailbox.drop_at = 3
    poll(account.pk)
    account.refresh_from_db()
    assert subjects() == ["1", "2"]
    assert account.state == "failing"
    poll(account.pk)
    assert subjects() == ["1", "2", "3", "4", "5"]
    assert mailbox.fetched == [1, 2, 3, 4, 5]


WORKER = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
django.setup()
from crm.messaging import polling, receiving
inner, count = polling.take_in, [0]
def take_in(*arguments, **options):
    count[0] += 1
    found = inner(*arguments, **options)
    if count[0] == {at}:
        print("hanging", flush=True)
        import time
        time.sleep(60)
    return found
polling.take_in = take_in
print(polling.poll({account}), flush=True)
"""


def worker(account, at):
    own = environment(OUTGOING_PRIVATE="127.0.0.0/8")
    code = WORKER.format(at=at, account=account.pk)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], env=own, **pipes)


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(account, inbox):
    for number in range(1, 7):
        inbox.add(mail(number, subject=str(number)))
    process = worker(account, at=3)
    assert process.stdout.readline() == "hanging\n", process.stderr.read()
    assert poll(account.pk) == 0, "Only one reader at a time."
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for _second in range(100):
        if poll(account.pk):
            break
        import time

        time.sleep(0.1)
    assert subjects() == ["1", "2", "3", "4", "5", "6"]
    assert MailCopy.objects.count() == 6


def test_one_mail_in_two_mailboxes_is_one(account, inbox, other, mailbox):
    second = MailAccount.objects.get(pk=account.pk)
    second.pk, second.address, second.owner, second.user = None, "chen@example.com", other, "li@example.com"
    second.save()
    inbox.add(mail(1, to="li@example.com, chen@example.com"))
    poll(account.pk)
    poll(second.pk)
    [message] = messages()
    assert message.copies.count() == 2
    assert message.participants == sorted([account.owner_id, other.pk])


def test_a_mail_that_claims_the_id_of_another_is_not_swallowed(account, inbox):
    inbox.add(mail(1))
    inbox.add(mail(1, body="something else"))
    poll(account.pk)
    assert len(subjects()) == 2


def test_poison_is_set_aside_with_its_reason_and_the_rest_goes_on(account, inbox, monkeypatch):
    inbox.add(mail(1, subject="一"))
    inbox.add(b"\n\nno headers at all")
    inbox.add(
        b"Subject: many\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\nx\n" * 600
    )
    inbox.add(mail(4, subject="四"))
    poll(account.pk)
    assert subjects() == ["一", "四"]
    aside = list(MailSetAside.objects.order_by("uid").values_list("uid", "reason", "state"))
    assert [(uid, state) for uid, _reason, state in aside] == [(2, "waiting"), (3, "waiting")]
    assert "parts" in aside[1][1]
    poll(account.pk)
    assert MailSetAside.objects.count() == 2
    assert try_again(MailSetAside.objects.get(uid=3)) is False
    monkeypatch.setattr("crm.messaging.mime.parse.MOST_PARTS", 1000)
    assert try_again(MailSetAside.objects.get(uid=3)) is True
    assert subjects() == ["一", "四", "many"]
    assert MailSetAside.objects.get(uid=3).state == "done"


def test_rubbish_in_every_field_is_taken_in_or_set_aside(account, inbox):
    for rubbish in ("\x00", "\ud800", "x" * 100_000, "=?utf-8?B?////?=", "\u202e", '"', "<" * 500):
        data = rubbish.encode("utf-8", "surrogatepass")
        inbox.add(
            b"From: "
            + data
            + b"\nTo: "
            + data
            + b"\nSubject: "
            + data
            + b"\nReferences: "
            + data
            + b"\nMessage-ID: "
            + data
            + b"\nDate: "
            + data
            + b"\nContent-Type: "
            + data
            + b"\n\n"
            + data
        )
    inbox.add(mail(99, subject="ende"))
    poll(account.pk)
    assert MailMessage._base_manager.count() + MailSetAside.objects.count() == 8
    assert subjects()[-1] == "ende"


def test_of_a_huge_mail_the_beginning_is_kept(account, inbox, monkeypatch, mailbox):
    monkeypatch.setattr(imap, "LARGEST", 20_000)
    monkeypatch.setattr(imap, "BEGINNING", 2_000)
    inbox.add(mail(1, body="Anfang " + "x" * 50_000))
    inbox.add(mail(2, subject="二"))
    poll(account.pk)
    huge, small = messages()
    assert (huge.cut, small.cut) == (True, False)
    assert huge.size > 50_000
    assert huge.text.startswith("Anfang")
    assert len(huge.text) < 2_000


def test_a_server_that_sends_more_than_it_says_is_cut_off(account, inbox, mailbox, monkeypatch):
    monkeypatch.setattr(imap, "LARGEST", 20_000)
    monkeypatch.setattr(imap, "MARGIN", 0)
    inbox.add(mail(1, body="x" * 50_000))
    mailbox.sizes[1] = 100
    poll(account.pk)
    account.refresh_from_db()
    assert account.state == "failing"
    assert subjects() == []


def test_a_wrong_password_is_said_and_tried_less_often(account, mailbox):
    account.secret = "wrong"
    account.save()
    pauses = []
    for _attempt in range(3):
        poll(account.pk)
        account.refresh_from_db()
        pauses.append(round((account.next_poll_at - timezone.now()).total_seconds() / 60))
    assert account.error == "127.0.0.1 refused the user name or the password: [AUTHENTICATIONFAILED] wrong password"
    assert pauses == [1, 2, 4]


def test_a_server_that_hangs_or_is_not_there(account, mailbox, monkeypatch):
    monkeypatch.setattr(imap, "READ", 1)
    mailbox.hang_at_login = True
    poll(account.pk)
    account.refresh_from_db()
    assert "does not answer on port" in account.error
    account.imap_port = 1
    account.save()
    poll(account.pk)
    account.refresh_from_db()
    assert "refuses connections on port 1" in account.error


def test_nobody_reads_our_own_network_through_an_account(account, settings, mailbox):
    settings.OUTGOING_PRIVATE = []
    poll(account.pk)
    account.refresh_from_db()
    assert "lies in a private network" in account.error
    assert mailbox.logins == 0


def test_a_folder_that_is_gone_is_said(account):
    account.folders = ["INBOX", "Gone"]
    account.save()
    poll(account.pk)
    account.refresh_from_db()
    assert "no such folder" in account.error


def test_old_mail_of_a_new_account_stays_where_it_is(account, inbox):
    inbox.add(mail(1, subject="alt"), date(2020, 1, 1))
    inbox.add(mail(2, subject="neu"), datetime.now(UTC).date())
    poll(account.pk)
    assert subjects() == ["neu"]
