"""Each door that sends by itself asks the person's consent; who writes by hand is told, and writes."""

from __future__ import annotations

import pytest
from django.utils import translation

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.effect_forms import effect_view
from crm.entities.effects import perform
from crm.entities.entity import registry
from crm.messaging.consent import Unwanted
from crm.messaging.mails import queue_mail
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailDraft, MailMessage, SmsProvider, TextMessage
from crm.messaging.sms import queue_sms
from crm.privacy.consent import note_consent
from crm.privacy.models import ConsentPurpose
from crm.records.actor import Actor
from crm.records.models import Outgoing
from customers.factories import make_account, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reach(rep, grant):
    for label in ("customers.account", "customers.contact"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    for code, name, basis in (("marketing", "News", "consent"), ("service", "Service", "contract")):
        texts = {"name_zh": name, "name_en": name, "basis": basis}
        ConsentPurpose.objects.update_or_create(code=code, defaults=texts)
    with translation.override("en"):
        yield


@pytest.fixture
def person(rep):
    return make_contact(name="王明", owner=rep, email="wang@firm.example", mobile="13800138000")


@pytest.fixture
def provider():
    return SmsProvider.objects.create(
        name="P", url="http://127.0.0.1:9/", body='{"to": "{{ number }}"}', secret="s", active=True
    )


def says(person, purpose, granted, channels=("any",)):
    found = ConsentPurpose.objects.get(code=purpose)
    note_consent(person, found, channels, granted, source="test", actor=Actor(None, "test"))


def mail(person, account, rep, purpose=""):
    params = {"account": str(account.pk), "subject": "Hello", "body": "您好", "purpose": purpose}
    return perform("send_mail", person, params, actor=Actor(rep, "rule:1"))


def test_marketing_by_rules_needs_a_yes(person, account, rep):
    assert mail(person, account, rep, "marketing") == "Not sent to 王明: Not asked"
    says(person, "marketing", True)
    assert mail(person, account, rep, "marketing").startswith("Queued")
    says(person, "marketing", False, ["email"])
    assert mail(person, account, rep, "marketing") == "Not sent to 王明: Withdrawn"
    assert MailMessage.objects.count() == 1


def test_service_by_rules_goes_until_somebody_objects(person, account, rep):
    assert mail(person, account, rep).startswith("Queued")
    says(person, "service", False)
    assert mail(person, account, rep) == "Not sent to 王明: Withdrawn"
    assert MailMessage.objects.count() == 1


def test_an_unknown_purpose_sends_nothing(person, account, rep):
    with pytest.raises(Exception, match="valid choice"):
        mail(person, account, rep, "' or 1=1")
    with pytest.raises(Unwanted):
        queue_mail(
            account=account, to=[Address("王明", person.email)], subject="x", text="x", actor=Actor(rep),
            person=person, purpose="gone",
        )  # fmt: skip
    assert not Outgoing.objects.exists()


def test_companies_are_asked_nothing(account, rep):
    firm = make_account(name="北辰重工", owner=rep, email="office@firm.example")
    assert mail(firm, account, rep, "marketing").startswith("Queued")


def test_who_withdraws_in_between_gets_nothing(person, account, rep, receiver, due):
    says(person, "marketing", True)
    mail(person, account, rep, "marketing")
    says(person, "marketing", False)
    due()
    assert receiver.mails == []
    assert MailMessage.objects.get().state == "failed"
    assert "Withdrawn" in MailMessage.objects.get().error


def test_text_messages_by_rules_ask_too(person, rep, provider):
    params = {"body": "hi", "purpose": "marketing"}
    assert perform("send_sms", person, params, actor=Actor(rep, "rule:1")) == "Not sent to 王明: Not asked"
    says(person, "marketing", True, ["email"])
    assert perform("send_sms", person, params, actor=Actor(rep, "rule:1")) == "Not sent to 王明: Not asked"
    assert not TextMessage.objects.exists()
    says(person, "marketing", True, ["sms"])
    assert perform("send_sms", person, params, actor=Actor(rep, "rule:1")).startswith("Queued")
    says(person, "service", False, ["sms"])
    with pytest.raises(Unwanted):
        queue_sms(person, number=person.mobile, text="x", actor=Actor(None), person=person)


def test_the_step_offers_the_purposes(rep, account):
    form = effect_view(bind(registry["customers.contact"], rep), {"effect": "send_mail"}, "s1")["form"]
    assert [code for code, _name in form.fields["purpose"].choices] == ["", "marketing"]


def test_by_hand_one_is_told_and_writes(person, account, rep, client, provider):
    client.force_login(rep)
    pages = lambda: (  # noqa: E731
        client.get(f"/mail/drafts/{draft.pk}/").content.decode(),
        client.get(f"/texts/customers.contact/{person.pk}/").content.decode(),
    )
    draft = MailDraft.objects.create(
        writer=rep,
        account=account,
        to=person.email,
        subject="x",
        body="x",
        entity="customers.contact",
        record_id=person.pk,
    )
    from_page = [page for page in pages() if "This person said no to" in page]
    assert from_page == []
    says(person, "marketing", False)
    assert all("This person said no to" in page for page in pages())
    sent = client.post(
        f"/mail/drafts/{draft.pk}/",
        {"do": "send", "account": account.pk, "to": person.email, "subject": "x", "body": "x"},
    )
    assert sent.status_code == 302 and MailMessage.objects.count() == 1
