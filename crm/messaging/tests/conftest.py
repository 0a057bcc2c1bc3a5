"""Mailboxes, and real servers on loopback."""

from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.utils import timezone

from crm.messaging.models import MailAccount
from crm.messaging.tests.imap_server import ImapServer
from crm.records.models import Outgoing
from crm.records.sending import send_due


class Receiver:
    """An SMTP server's ear: keeps what comes; ``on_…`` answers otherwise."""

    def __init__(self):
        self.mails, self.rcpt, self.mail, self.data, self.drop = [], {}, None, None, False

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.mail:
            return self.mail
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.rcpt.get(address, "250 ok")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        if self.data:
            return self.data
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.drop:
            server.transport.abort()
            return "421 gone"
        return "250 taken"


class AnyPort(Controller):
    """A server on a port that is free."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def receiver():
    """``receiver.port`` takes mail of li with the password “secret”; ``receiver.mails`` is what came."""
    ear = Receiver()

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"li@example.com", b"secret"), handled=False)

    controller = AnyPort(
        ear, hostname="127.0.0.1", port=0, authenticator=authenticate, auth_require_tls=False, auth_required=True
    )
    controller.start()
    ear.port = controller.port
    yield ear
    controller.stop()


@pytest.fixture
def mailbox():
    """An IMAP server with the mailbox of li@example.com."""
    server = ImapServer()
    yield server
    server.stop()


@pytest.fixture
def inbox(mailbox):
    """The folder that every account has."""
    return mailbox.folders["INBOX"]


@pytest.fixture(autouse=True)
def own_network(settings):
    """The servers of the tests lie on loopback, which has to be allowed."""
    settings.OUTGOING_PRIVATE = ["127.0.0.0/8"]


@pytest.fixture
def account(rep, receiver, mailbox):
    """The rep's own account at both servers."""
    return MailAccount.objects.create(
        name="林晓",
        address="li@example.com",
        owner=rep,
        secret="secret",
        smtp_host="127.0.0.1",
        smtp_port=receiver.port,
        smtp_security="none",
        imap_host="127.0.0.1",
        imap_port=mailbox.port,
        imap_security="none",
    )


@pytest.fixture
def due():
    """Let what is queued be due at once and send it."""

    def send():
        Outgoing.objects.filter(state="queued").update(next_at=timezone.now() - timedelta(seconds=1))
        return send_due()

    return send
