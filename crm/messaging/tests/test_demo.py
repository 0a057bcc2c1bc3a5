"""The demo company's mail: read as if from a server, in threads, on the timelines of the contacts it is with."""

from random import Random

import pytest
from django.utils import timezone

from crm.demo.steps import World
from crm.messaging.demo import TALKS, make_mail
from crm.messaging.models import MailAccount, MailMessage, MailThread, MessageTemplate
from crm.records import services as records
from crm.records.actor import Actor
from customers.models import Contact

pytestmark = pytest.mark.django_db


def test_a_rep_finds_her_mail_with_her_contacts(client, boss):
    for number in range(len(TALKS)):
        contact = Contact(name=f"王{number}", email=f"w{number}@customer.example", owner=boss)
        records.save(contact, actor=Actor(boss, "test"))
    make_mail(World({}, Random(1), timezone.now(), sellers=[boss]))
    assert not MailAccount.objects.exclude(smtp_host="", imap_host="").exists()
    assert MailThread.objects.count() == len(TALKS)
    assert {mail.links.count() for mail in MailMessage._base_manager.all()} == {1}
    assert MessageTemplate.objects.filter(active=True).count() == 3
    client.force_login(boss)
    assert "关于供水泵组的报价" in client.get("/mail/").content.decode()
    contact = MailMessage._base_manager.get(subject="年度维保续签").links.get().record
    assert "维保下个月到期" in client.get(f"/customers/contacts/{contact.pk}/").content.decode()
