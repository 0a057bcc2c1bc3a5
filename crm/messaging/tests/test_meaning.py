"""What a mail that came in means: its thread, its records, bounces, what programs wrote, its files."""

from datetime import UTC, datetime

import pytest

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.timeline import timeline
from crm.messaging.mails import queue_mail
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailLink, MailThread
from crm.messaging.polling import poll
from crm.messaging.tests.test_receiving import mail, messages
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_account, make_contact

pytestmark = pytest.mark.django_db(transaction=True)


def lines(record, user):
    user.__dict__.pop("_access", None)
    page = timeline(bind(registry[record.entity_label()], user), record)
    return [(line.entry.kind, line.entry.title) for line in page.lines if line.entry.kind.startswith("messaging.")]


def test_answers_find_their_thread(account, inbox):
    inbox.add(mail(1, subject="询价"))
    inbox.add(mail(2, subject="Anything", extra="In-Reply-To: <m1@customer.example>\n"))
    inbox.add(mail(3, subject="回复：询价"))
    inbox.add(mail(4, subject="询价"))
    inbox.add(mail(5, subject="Re: 询价", sender="stranger@elsewhere.example"))
    poll(account.pk)
    threads = [message.thread_id for message in messages()]
    assert threads[0] == threads[1] == threads[2]
    assert threads[3] != threads[0], "The same subject alone is no answer."
    assert threads[4] not in threads[:4], "Nor is an answer of somebody who was not part of it."
    assert MailThread.objects.count() == 3


def test_it_shows_on_the_timelines_of_those_whose_address_is_in_it(account, inbox, rep, grant):
    company = make_account(owner=rep)
    wang = make_contact(owner=rep, account=company, email="Wang@Customer.example")
    someone = make_contact(owner=rep, email="else@customer.example")
    for label in ("customers.account", "customers.contact"):
        grant(rep, label, view=Scope.OWN)
    inbox.add(mail(1))
    poll(account.pk)
    told = [("messaging.mailmessage.received", "询价")]
    assert (lines(wang, rep), lines(company, rep), lines(someone, rep)) == (told, told, [])
    wang.refresh_from_db()
    company.refresh_from_db()
    assert company.last_activity_at == datetime(2026, 11, 21, 2, 0, 1, tzinfo=UTC)


def test_mail_among_ourselves_and_addresses_of_many_are_nobodys(account, inbox, rep, other):
    other.email = "chen@example.com"
    other.save()
    make_contact(owner=rep, email="chen@example.com")
    for _number in range(6):
        make_contact(owner=rep, email="info@customer.example")
    inbox.add(mail(1, sender="chen@example.com"))
    inbox.add(mail(2, sender="info@customer.example"))
    poll(account.pk)
    assert not MailLink.objects.exists()


def test_our_own_mail_that_comes_back_is_the_same(account, inbox, receiver, due, rep):
    sent = queue_mail(
        account=account, to=[Address("", "wang@customer.example")], subject="报价", text="好", actor=Actor(rep)
    )
    due()
    inbox.add(receiver.mails[0][2])
    poll(account.pk)
    assert messages().count() == 1
    assert sent.copies.count() == 1


def test_mail_sent_with_another_program_counts_as_sent(account, mailbox):
    account.folders = ["INBOX", "Sent"]
    account.save()
    mailbox.folders["Sent"] = type(mailbox.folders["INBOX"])()
    mailbox.folders["Sent"].add(mail(1, sender="li@example.com", to="wang@customer.example"))
    poll(account.pk)
    [message] = messages()
    assert (message.direction, message.state) == ("out", "sent")


def test_a_bounce_is_told_on_the_mail_that_came_back(account, inbox, receiver, due, rep, grant):
    wang = make_contact(owner=rep, email="nobody@customer.example")
    grant(rep, "customers.contact", view=Scope.OWN)
    sent = queue_mail(
        account=account, to=[Address("", "nobody@customer.example")], subject="报价", text="好", actor=Actor(rep)
    )
    due()
    inbox.add(
        b"From: MAILER-DAEMON@mx.example\nTo: li@example.com\nMessage-ID: <b@mx>\nSubject: Undelivered\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\nContent-Type: text/plain\n\nsorry\n--b\n'
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; nobody@customer.example\nAction: failed\n"
        b"Status: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: message/rfc822\n\n"
        + receiver.mails[0][2]
        + b"\n--b--\n"
    )
    poll(account.pk)
    sent.refresh_from_db()
    assert sent.bounced_at is not None
    assert (sent.bounce["recipient"], sent.bounce["reason"]) == ("nobody@customer.example", "550 no such user")
    assert [kind for kind, _title in lines(wang, rep)] == [
        "messaging.mailmessage.bounced",
        "messaging.mailmessage.sent",
    ]
    report = messages().last()
    assert (report.is_bounce, report.automatic, report.thread_id) == (True, True, sent.thread_id)


def test_what_programs_wrote_is_marked(account, inbox):
    inbox.add(mail(1, subject="自动回复：询价"))
    inbox.add(mail(2, extra="Auto-Submitted: auto-replied\n"))
    inbox.add(mail(3))
    poll(account.pk)
    assert [message.automatic for message in messages()] == [True, True, False]


def test_attachments_are_kept_privately(account, inbox, client, rep, other):
    inbox.add(
        b"From: w@c.example\nTo: li@example.com\nSubject: x\nMessage-ID: <a@c>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        b"Content-Type: text/plain\n\nsee\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n"
        b"Content-Disposition: attachment; filename=a.pdf\n\nJVBERi0xLjQ=\n--b--\n"
    )
    poll(account.pk)
    [message] = messages()
    attachment = message.attachments.get()
    client.force_login(rep)
    answer = client.get(f"/files/{attachment.file_id}/download/")
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"%PDF-1.4")
    client.force_login(other)
    assert client.get(f"/files/{attachment.file_id}/download/").status_code == 404


def test_every_entry_is_written_once(account, inbox, rep):
    make_contact(owner=rep, email="wang@customer.example")
    inbox.add(mail(1))
    poll(account.pk)
    inbox.renumber()
    poll(account.pk)
    assert Entry.objects.filter(kind="messaging.mailmessage.received").count() == 1
