"""What leaves the house with a request, and what is left of it once personal data is blanked."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crm.approvals.models import ApprovalInstance, ApprovalStep, ProcessVersion
from crm.approvals.tests.conftest import approve, ask, node, open_task
from crm.approvals.tokens import mail_address
from crm.files.models import StoredFile
from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.redaction import BLANK, redact
from crm.records.sending import send_due

pytestmark = pytest.mark.django_db


class Box:
    """Keeps what an SMTP server is given."""

    def __init__(self) -> None:
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class AnyPort(Controller):
    """A server on a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def box(settings):
    """A real SMTP server on loopback that the program sends to."""
    found = Box()
    server = AnyPort(found, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield found
    server.stop()


def words(mail) -> str:
    return mail["Subject"] + "".join(
        part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"
    )


def test_the_mail_of_who_sees_nothing_says_nothing(box, client, seller, stranger, signers, opportunity, make_process):
    instance = ask(make_process(node(stranger, signers[0], opens=["close_date"])), opportunity, seller, note="urgent")
    Outgoing.objects.update(next_at=timezone.now())  # nobody's quiet hours hold it back
    send_due()
    told = {mail["To"]: words(mail) for mail in box.mails}
    assert len(told) == 2
    blind, seeing = (next(text for to, text in told.items() if person.email in to) for person in (stranger, signers[0]))
    assert "Pump station" in seeing
    for text in (blind, client.get(mail_address(open_task(instance, stranger), stranger)).content.decode()):
        assert "Process" in text
        assert not {word for word in ("Pump station", "50,000", "50000") if word in text}


def test_a_decision_from_the_mail_takes_files_along(client, seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller)
    upload = SimpleUploadedFile("offer.txt", b"ten per cent", "text/plain")
    link = mail_address(open_task(instance), signers[0])
    assert 'type="file"' in client.get(link).content.decode()
    answer = client.post(link, {"verdict": "reject", "comment": "see the file", "files": upload})
    assert answer.status_code == 200
    step = ApprovalStep.objects.get(did="rejected")
    stored = StoredFile.objects.get(pk=step.files[0])
    assert (stored.name, stored.created_by, stored.on_id) == ("offer.txt", signers[0], opportunity.pk)


def test_redacting_blanks_what_was_written_beside_decisions(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller, note="Ms Li asked for it")
    approve(instance, signers[0], comment="Ms Li may have it")
    redact(opportunity, ["next_step"], actor=Actor(seller))
    instance.refresh_from_db()
    assert (instance.note, instance.title) == (BLANK, "Pump station")
    assert set(instance.steps.exclude(comment="").values_list("comment", flat=True)) == {BLANK}
    assert {"asked", "approved"} <= set(instance.steps.values_list("did", flat=True))
    redact(opportunity, ["name"], actor=Actor(seller))
    assert ApprovalInstance.objects.get(pk=instance.pk).title == BLANK


def test_nothing_but_the_words_of_a_step_can_be_blanked(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller, note="x")
    steps = ApprovalStep.objects.filter(instance=instance)
    for values in ({"comment": "y"}, {"did": "approved"}, {"actor": signers[0]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            steps.update(**values)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
        steps.update(comment=BLANK)
        with pytest.raises(IntegrityError), transaction.atomic():
            steps.update(did="approved")


def test_what_a_process_says_can_be_blanked_and_nothing_else_of_it(signers, make_process):
    made = ProcessVersion.objects.filter(process=make_process(node(signers[0])))
    for redacting, values in (("off", {"note": "x"}), ("on", {"number": 9}), ("on", {"note": "x", "once": False})):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select set_config('crm.redact', %s, true)", [redacting])
            made.update(**values)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
        assert made.update(note=BLANK, condition={}) == 1
