"""A quote by e-mail: the PDF and the link go out with the change, or nothing does."""

from __future__ import annotations

from decimal import Decimal

import pypdfium2
import pytest

from crm.access.models import Scope
from crm.documents.library import Document
from crm.files.storage import open_content
from crm.messaging.models import MailAccount, MailMessage
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_contact
from sales.quotes import services
from sales.quotes.factories import make_quote
from sales.quotes.links import link_of
from sales.quotes.models import Quote, QuoteLine

pytestmark = pytest.mark.django_db
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


def test_mail_pdf_and_link_go_together(client, seller, account):
    contact = make_contact(owner=seller, email="wang@example.com")
    quote = released(seller, contact=contact)
    address = f"/sales/quotes/{quote.pk}/do/send/"
    asked = client.get(address)
    assert "wang@example.com" in asked.content.decode(), "the contact's address is proposed"
    data = {"account": account.pk, "to": "wang@example.com", "subject": "报价", "text": "您好", "language": "zh-hans"}
    assert client.post(address, data).status_code == 302
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


def test_a_mailbox_of_somebody_else_is_none_of_mine(client, seller, other):
    theirs = MailAccount.objects.create(name="x", address="x@example.com", owner=other, smtp_host="127.0.0.1")
    quote = released(seller)
    data = {"account": theirs.pk, "to": "a@example.com", "subject": "x", "text": "x", "language": "en"}
    assert client.post(f"/sales/quotes/{quote.pk}/do/send/", data).status_code == 422
    assert Quote.objects.get(pk=quote.pk).state == "approved"
    assert not MailMessage._base_manager.exists()


def test_a_draft_is_not_sent_and_what_is_not_printed_is_not_sent(client, seller, account, monkeypatch):
    draft = make_quote(owner=seller, lines=[{}])
    data = {"account": account.pk, "to": "a@example.com", "subject": "x", "text": "x", "language": "en"}
    assert client.post(f"/sales/quotes/{draft.pk}/do/send/", data).status_code == 409
    quote = released(seller)
    monkeypatch.setattr("crm.documents.printing.PATIENCE", 0.001)
    assert client.post(f"/sales/quotes/{quote.pk}/do/send/", data).status_code == 422
    assert Quote.objects.get(pk=quote.pk).state == "approved"
    assert not MailMessage._base_manager.exists()


def test_many_lines_have_no_editor_and_are_printed_as_a_job(client, seller):
    quote = make_quote(owner=seller)
    lines = [QuoteLine(document=quote, owner=seller, name=f"零件{i}", unit_price=Decimal(1)) for i in range(600)]
    records.save_many(lines, actor=Actor(seller))
    assert client.get(f"/sales/quotes/{quote.pk}/lines/").status_code == 302
    assert client.post(f"/sales/quotes/{quote.pk}/do/print/", {"language": "en"}).status_code == 302
    assert seller.jobs.get().kind == "document"
