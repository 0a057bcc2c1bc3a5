"""Mail goes out by a real SMTP server, once, and one always knows how far it came."""

import email
import email.policy
import socket
import threading

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from crm.files.services import store_file
from crm.messaging.mails import queue_mail, take_back, try_again
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailMessage
from crm.records.actor import Actor
from crm.records.models import Outgoing

pytestmark = pytest.mark.django_db(transaction=True)
WANG = Address("王总", "wang@customer.example")
ZHAO = Address("", "zhao@customer.example")


@pytest.fixture
def write(account, rep):
    """``write(subject=…)`` queues a mail of the rep to Wang."""

    def make(**values):
        values = {"to": [WANG], "subject": "报价单", "text": "王总您好：\n\n.报价见附件。\n"} | values
        return queue_mail(account=account, actor=Actor(rep, "test"), **values)

    return make


def state(message):
    message.refresh_from_db()
    return message.state


def read(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def test_it_arrives_as_it_was_written(write, receiver, due, rep):
    file = store_file(ContentFile(b"%PDF-1.4 offer", name="报价.pdf"), actor=Actor(rep, "test"))
    message = write(cc=[ZHAO], bcc=[Address("", "boss@customer.example")], files=[file])
    assert state(message) == "queued"
    due()
    assert state(message) == "sent"
    [(sender, recipients, data)] = receiver.mails
    assert sender == "li@example.com"
    assert recipients == ["wang@customer.example", "zhao@customer.example", "boss@customer.example"]
    assert b"boss@" not in data
    mail = read(data)
    assert (mail["subject"], mail["to"], mail["from"]) == (
        "报价单",
        "王总 <wang@customer.example>",
        "林晓 <li@example.com>",
    )
    assert mail["message-id"] == f"<{message.message_id}>"
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == "王总您好：\n\n.报价见附件。\n"
    [attached] = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("报价.pdf", b"%PDF-1.4 offer")


def test_for_ten_seconds_it_can_be_taken_back(write, receiver, due):
    message = write()
    from crm.records.sending import send_due

    assert send_due() == 0
    assert take_back(message) is True
    assert state(message) == "cancelled"
    due()
    assert receiver.mails == []
    sent = write(subject="zwei")
    due()
    assert take_back(sent) is False


def test_the_same_key_is_one_mail(write, receiver, due):
    assert write(key="rule-1").pk == write(key="rule-1").pk
    due()
    assert len(receiver.mails) == 1


@pytest.mark.parametrize("where", ["mail", "data", "rcpt"])
def test_try_later_is_tried_again(write, receiver, due, where):
    if where == "rcpt":
        receiver.rcpt["wang@customer.example"] = "450 mailbox busy"
    else:
        setattr(receiver, where, "451 try later")
    message = write()
    due()
    outgoing = Outgoing.objects.get()
    assert (state(message), outgoing.state, outgoing.attempts) == ("queued", "queued", 1)
    assert outgoing.error.endswith(("451 try later", "450 mailbox busy"))
    receiver.mail = receiver.data = None
    receiver.rcpt.clear()
    due()
    assert (state(message), len(receiver.mails)) == ("sent", 1)


@pytest.mark.parametrize("where", ["mail", "data", "rcpt"])
def test_never_fails_at_once_with_the_reason(write, receiver, due, where):
    if where == "rcpt":
        receiver.rcpt["wang@customer.example"] = "550 no such user"
    else:
        setattr(receiver, where, "554 spam")
    message = write()
    due()
    assert state(message) == "failed"
    assert message.error.endswith(("554 spam", "550 no such user"))
    assert receiver.mails == []


def test_one_refused_recipient_is_told_the_others_get_it(write, receiver, due):
    receiver.rcpt["zhao@customer.example"] = "550 no such user"
    message = write(cc=[ZHAO])
    due()
    assert (state(message), message.error) == ("sent", "zhao@customer.example: 550 no such user")
    assert receiver.mails[0][1] == ["wang@customer.example"]


def test_a_connection_that_breaks_after_the_data_leaves_a_question(write, receiver, due):
    receiver.drop = True
    message = write()
    due()
    assert (state(message), len(receiver.mails)) == ("unknown", 1)
    due()
    assert len(receiver.mails) == 1, "Nobody asked for a second one."
    receiver.drop = False
    assert try_again(message)
    due()
    assert state(message) == "sent"
    first, second = (read(data)["message-id"] for _sender, _to, data in receiver.mails)
    assert first == second, "The receiver can tell that it is the same mail."


def test_a_server_that_hangs_costs_its_time_out(write, account, due, settings):
    settings.EMAIL_TIMEOUT = 1
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        account.smtp_port = silent.getsockname()[1]
        account.save()
        message = write()
        due()
    outgoing = Outgoing.objects.get()
    assert (state(message), outgoing.state) == ("queued", "queued")
    assert "127.0.0.1 does not answer on port" in outgoing.error


def test_a_server_that_hangs_after_the_data_leaves_a_question(write, account, due, settings):
    settings.EMAIL_TIMEOUT = 1
    account.secret = ""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        account.smtp_port = server.getsockname()[1]
        account.save()

        def serve():
            connection, _address = server.accept()
            stream = connection.makefile("rwb")
            stream.write(b"220 hi\r\n")
            stream.flush()
            for line in stream:
                if line == b".\r\n":
                    threading.Event().wait(5)
                    return
                if not line[:1].isupper() and line[:4].lower() not in {b"ehlo", b"mail", b"rcpt", b"data"}:
                    continue
                answer = {b"data": b"354 go on\r\n"}.get(line[:4].lower(), b"250 ok\r\n")
                if line[:4].lower() in {b"ehlo", b"mail", b"rcpt", b"data"}:
                    stream.write(answer)
                    stream.flush()

        threading.Thread(target=serve, daemon=True).start()
        message = write()
        due()
    assert state(message) == "unknown"


def test_a_wrong_password_is_said_and_tried_again(write, account, due):
    account.secret = "wrong"
    account.save()
    message = write()
    due()
    outgoing = Outgoing.objects.get()
    assert (state(message), outgoing.state) == ("queued", "queued")
    assert "refused the user name or the password" in outgoing.error


def test_nobody_looks_into_our_own_network_through_an_account(write, due, settings, receiver):
    settings.OUTGOING_PRIVATE = []
    write()
    due()
    assert "lies in a private network" in Outgoing.objects.get().error
    assert receiver.mails == []


def test_an_answer_belongs_to_its_thread(write, receiver, due):
    first = write()
    due()
    answer = write(subject="Re: 报价单", answers=first)
    due()
    assert answer.thread_id == first.thread_id
    mail = read(receiver.mails[1][2])
    assert mail["in-reply-to"] == mail["references"] == f"<{first.message_id}>"


@pytest.mark.parametrize("subject", ["a\r\nBcc: evil@example.com", "a\nX: y", "报价\r\n\r\nbody"])
def test_nobody_smuggles_headers_in(write, receiver, due, subject):
    message = write(subject=subject)
    due()
    assert state(message) == "sent"
    mail = read(receiver.mails[0][2])
    assert mail["bcc"] is None
    assert mail["x"] is None
    assert len(receiver.mails[0][1]) == 1


def test_what_cannot_be_sent_is_refused_by_name(write, account):
    with pytest.raises(ValidationError, match="at least one recipient"):
        write(to=[])
    with pytest.raises(ValidationError, match="At most 100"):
        write(to=[WANG] * 101)
    account.active = False
    account.save()
    with pytest.raises(ValidationError, match="can't send"):
        write()
    assert not MailMessage._base_manager.exists()


def test_secrets_lie_encrypted_in_the_database(account):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select secret from messaging_mailaccount")
        stored = cursor.fetchone()[0]
    assert "secret" not in stored
    assert stored.startswith("gAAAA")
    account.refresh_from_db()
    assert repr(account.secret) == "Secret()"
    account.save()
    with connection.cursor() as cursor:
        cursor.execute("select secret from messaging_mailaccount")
        assert cursor.fetchone()[0] == stored, "Saving an account keeps its secret."


def test_a_new_secret_key_says_what_to_do(write, account, due, settings):
    message = write()
    settings.SECRET_KEY = "another" * 10
    due()
    assert state(message) == "failed"
    assert message.error.startswith("Enter the password again")


def test_an_old_secret_key_still_opens(write, account, due, settings, receiver):
    message = write()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    due()
    assert state(message) == "sent"
