"""A quote by e-mail: the PDF and the link go out with the change, or nothing does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pypdfium2
import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.documents.library import Document
from crm.files.storage import open_content
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.messaging.models import MailAccount, MailMessage
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import AuditEvent
from customers.factories import make_contact
from sales.quotes import services
from sales.quotes.factories import make_quote
from sales.quotes.links import link_of
from sales.quotes.models import Quote, QuoteLine
from sales.quotes.sending import send_quote

pytestmark = pytest.mark.django_db
BEING_PREPARED = "The PDF is being prepared; the mail goes out by itself."
ACTIONS = ("view", "add", "change", "delete")


@pytest.fixture
def seller(rep, grant, client):
    for label in ("quotes.quote", "quotes.quoteline", "customers.account", "customers.contact"):
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    client.force_login(rep)
    return rep


@pytest.fixture
def account(seller):
    return MailAccount.objects.create(
        name="林晓", address="lin@example.com", owner=seller, smtp_host="127.0.0.1", smtp_port=2525, active=True
    )


def released(seller, **values):
    quote = make_quote(owner=seller, lines=[{"unit_price": Decimal("95000")}], **values)
    services.submit_quote(quote, actor=Actor(seller))
    return Quote.objects.get(pk=quote.pk)


def test_the_worker_prints_then_mail_pdf_and_link_go_together(client, seller, account):
    contact = make_contact(owner=seller, email="wang@example.com")
    quote = released(seller, contact=contact)
    address = f"/sales/quotes/{quote.pk}/do/send/"
    asked = client.get(address)
    assert "wang@example.com" in asked.content.decode(), "the contact's address is proposed"
    data = {"account": account.pk, "to": "wang@example.com", "subject": "报价", "text": "您好", "language": "zh-hans"}
    assert client.post(address, data).status_code == 302
    quote.refresh_from_db()
    assert (quote.state, MailMessage._base_manager.count()) == ("approved", 0)
    assert BEING_PREPARED in client.get(f"/sales/quotes/{quote.pk}/").content.decode()
    assert BEING_PREPARED in client.get(f"/sales/quotes/{quote.pk}/sending/").content.decode()
    assert client.post(address, data).status_code == 422, "it is under way already"
    job = seller.jobs.get()
    run(job.pk)
    quote = Quote.objects.get(pk=quote.pk)
    assert quote.state == "sent"
    mail = MailMessage._base_manager.get()
    assert link_of(quote) in mail.text
    attached = mail.attachments.get()
    with open_content(attached.file.sha256) as source:
        text = pypdfium2.PdfDocument(source.read())[0].get_textpage().get_text_range()
    assert quote.number in text
    assert "人民币玖万伍仟元整" in text
    document = Document.objects.get(on_entity="quotes.quote", on_id=quote.pk)
    assert (document.title, document.number, document.file.name) == (quote.number, 1, f"{quote.number}.pdf")
    assert client.get(f"/sales/quotes/{quote.pk}/sending/").headers["HX-Refresh"] == "true"
    long_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(state="running", heartbeat_at=long_ago, ended_at=None)
    run(job.pk)
    assert Job.objects.get(pk=job.pk).state == "done"
    assert MailMessage._base_manager.count() == 1, "a worker that comes after a dead one sends nothing again"


def test_a_mailbox_of_somebody_else_is_none_of_mine(client, seller, other):
    theirs = MailAccount.objects.create(name="x", address="x@example.com", owner=other, smtp_host="127.0.0.1")
    quote = released(seller)
    data = {"account": theirs.pk, "to": "a@example.com", "subject": "x", "text": "x", "language": "en"}
    assert client.post(f"/sales/quotes/{quote.pk}/do/send/", data).status_code == 422
    assert Quote.objects.get(pk=quote.pk).state == "approved"
    assert not MailMessage._base_manager.exists()


def test_what_is_not_printed_is_not_sent_told_and_tried_again(client, seller, account, monkeypatch):
    draft = make_quote(owner=seller, lines=[{}])
    data = {"account": account.pk, "to": "a@example.com", "subject": "x", "text": "x", "language": "en"}
    assert client.post(f"/sales/quotes/{draft.pk}/do/send/", data).status_code == 409
    quote = released(seller)
    assert client.post(f"/sales/quotes/{quote.pk}/do/send/", data).status_code == 302
    job = seller.jobs.get()
    with monkeypatch.context() as slow:
        slow.setattr("crm.documents.printing.PATIENCE", 0.001)
        run(job.pk)
    assert Quote.objects.get(pk=quote.pk).state == "approved"
    assert not MailMessage._base_manager.exists()
    page = client.get(f"/sales/quotes/{quote.pk}/").content.decode()
    assert "takes too long to print" in page
    assert f"/jobs/{job.pk}/resume/" in page
    assert seller.notifications.get().kind == "job_done"
    client.post(f"/jobs/{job.pk}/resume/")
    run(job.pk)
    assert (Quote.objects.get(pk=quote.pk).state, MailMessage._base_manager.count()) == ("sent", 1)
    assert client.post(f"/jobs/{job.pk}/resume/").status_code == 302
    run(job.pk)
    assert MailMessage._base_manager.count() == 1


def test_what_changed_while_it_was_printed_is_printed_anew(seller, account, monkeypatch):
    quote = released(seller)
    send_quote(quote, actor=Actor(seller), account=account, to="a@example.com", subject="x", text="x")

    printed = []

    def meddle(record, user, language):
        printed.append(record.version)
        if len(printed) == 1:
            other = Quote.objects.get(pk=record.pk)
            other.note = "meanwhile"
            records.save(other, actor=Actor(seller))
        return b"%PDF-1.4"

    monkeypatch.setattr("sales.quotes.sending.pdf_of", meddle)
    run(seller.jobs.get().pk)
    quote.refresh_from_db()
    assert printed[0] < printed[1] < quote.version
    assert (quote.state, MailMessage._base_manager.count()) == ("sent", 1)


def test_whoever_may_see_a_quote_takes_its_pdf_along(client, seller, other, grant, field_rule):
    quote = released(seller)
    grant(other, "quotes.quote", view=Scope.ALL)
    address = f"/papers/quotes.quote/{quote.pk}/"
    client.force_login(other)
    assert f"{address}?language=zh-hans" in client.get(f"/sales/quotes/{quote.pk}/").content.decode()
    assert client.post(f"/sales/quotes/{quote.pk}/do/print/", {"language": "en"}).status_code == 403
    answer = client.get(address)
    assert answer.content.startswith(b"%PDF")
    assert quote.number in answer["Content-Disposition"]
    assert not Document.objects.exists()
    assert AuditEvent.objects.get(action="downloaded").record_ids == [quote.pk]
    field_rule(other, "quotes.quote", "total", "hidden")
    assert client.get(address).status_code == 403
    assert client.get("/papers/users.user/1/").status_code == 404
    grant(other, "quotes.quote", view=Scope.OWN)
    assert client.get(address).status_code == 404


def test_many_lines_have_no_editor_and_are_printed_as_a_job(client, seller):
    quote = make_quote(owner=seller)
    lines = [QuoteLine(document=quote, owner=seller, name=f"零件{i}", unit_price=Decimal(1)) for i in range(600)]
    records.save_many(lines, actor=Actor(seller))
    assert client.get(f"/sales/quotes/{quote.pk}/lines/").status_code == 302
    assert client.post(f"/sales/quotes/{quote.pk}/do/print/", {"language": "en"}).status_code == 302
    assert seller.jobs.get().kind == "document"
    assert client.get(f"/papers/quotes.quote/{quote.pk}/").status_code == 302
    job = seller.jobs.order_by("pk").last()
    assert (job.kind, job.params["keep"]) == ("document", False)
