"""Writing mail in the browser: drafts, recipients, templates, sending with ten seconds to think again; setting accounts up."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from crm.access.models import Scope
from crm.messaging.drafts import read_addresses
from crm.messaging.models import MailAccount, MailDraft, MailMessage, MessageTemplate
from crm.messaging.receiving import Place, take_in
from crm.records.models import Outgoing
from customers.factories import make_contact

pytestmark = pytest.mark.django_db(transaction=True)
DATA = (
    "From: Wang Zong <wang@customer.example>\nTo: li@example.com, Zhao <zhao@customer.example>\nCc: qian@customer.example\n"
    "Subject: 询价\nMessage-ID: <m1@customer.example>\nContent-Type: text/plain; charset=utf-8\n\n请报价\n"
).encode()


@pytest.fixture
def signed_in(client, rep, account, grant):
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    return client


@pytest.fixture
def wang(rep):
    return make_contact(owner=rep, name="王明", email="wang@customer.example", mobile="13800138000")


def begin(client, **data):
    answer = client.post(reverse("messaging:write"), data)
    assert answer.status_code == 302
    return MailDraft.objects.get(pk=int(re.search(r"/drafts/(\d+)/", answer.url)[1]))


def put(client, draft, do="save", **values):
    values = {"account": draft.account_id, "to": draft.to, "subject": draft.subject, "body": draft.body} | values
    return client.post(reverse("messaging:draft", args=[draft.pk]), {**values, "do": do})


def told(answer):
    return [(str(m), m.extra_tags) for m in get_messages(answer.wsgi_request)]


def test_a_mail_from_the_record_page_to_its_timeline(signed_in, wang, account, receiver, due, rep):
    account.signature = "林晓\n销售部"
    account.save()
    draft = begin(signed_in, entity="customers.contact", record=wang.pk)
    assert draft.to == "王明 <wang@customer.example>"
    assert draft.body.endswith("-- \n林晓\n销售部")
    answer = put(signed_in, draft, "send", subject="报价单", body="您好")
    [message] = MailMessage._base_manager.all()
    assert answer.url == f"/customers/contacts/{wang.pk}/"
    assert told(answer)[-1] == ("The mail goes out in ten seconds.", f"undo=/mail/{message.pk}/take-back/")
    assert not MailDraft.objects.exists()
    due()
    page = signed_in.get(answer.url).content.decode()
    assert "报价单" in page
    assert len(receiver.mails) == 1


def test_undo_brings_the_draft_back_with_its_files(signed_in, receiver, due):
    draft = begin(signed_in)
    put(signed_in, draft, to="w@customer.example", files=[SimpleUploadedFile("a.txt", b"hello")])
    draft.refresh_from_db()
    put(signed_in, draft, "send", subject="一")
    message = MailMessage._base_manager.get()
    answer = signed_in.post(reverse("messaging:take_back", args=[message.pk]))
    again = MailDraft.objects.get()
    assert answer.url == reverse("messaging:draft", args=[again.pk])
    assert (again.to, again.subject, len(again.files)) == ("w@customer.example", "一", 1)
    due()
    assert receiver.mails == []
    put(signed_in, again, "send")
    due()
    assert b"hello" in receiver.mails[0][2] or b"aGVsbG8" in receiver.mails[0][2]


def test_sending_twice_is_one_mail(signed_in, receiver, due):
    draft = begin(signed_in)
    put(signed_in, draft, "send", to="w@customer.example")
    assert put(signed_in, draft, "send", to="w@customer.example").status_code == 404
    due()
    assert len(receiver.mails) == 1


def test_send_later(signed_in, receiver):
    draft = begin(signed_in)
    moment = timezone.localtime() + timedelta(days=2)
    put(signed_in, draft, "send", to="w@customer.example", at=moment.strftime("%Y-%m-%dT%H:%M"))
    waiting = Outgoing.objects.get().next_at - timezone.now()
    assert timedelta(days=1, hours=23) < waiting < timedelta(days=2, minutes=1)


def test_what_is_missing_is_said_and_nothing_is_lost(signed_in):
    draft = begin(signed_in)
    answer = put(signed_in, draft, "send", subject="一", body="zwei")
    assert answer.status_code == 422
    assert "Name at least one recipient." in answer.content.decode()
    answer = put(signed_in, draft, "send", to="w@customer.example, nonsense", subject="一")
    assert (answer.status_code, "no e-mail address: nonsense" in answer.content.decode()) == (422, True)
    draft.refresh_from_db()
    assert (draft.subject, draft.to) == ("一", "w@customer.example, nonsense")
    assert not MailMessage._base_manager.exists()


def test_it_is_kept_while_it_grows(signed_in):
    draft = begin(signed_in)
    answer = put(signed_in, draft, "auto", body="halb")
    assert "Kept at" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.body == "halb"
    assert "halb" in signed_in.get(reverse("messaging:draft", args=[draft.pk])).content.decode()


def test_nobody_else_sees_a_draft_or_sends_from_the_account(client, signed_in, other, account):
    draft = begin(signed_in)
    client.force_login(other)
    for method, name in (("get", "draft"), ("post", "draft"), ("post", "drop")):
        assert getattr(client, method)(reverse(f"messaging:{name}", args=[draft.pk])).status_code == 404
    own = begin(client)
    answer = put(client, own, "send", account=account.pk, to="w@customer.example")
    assert answer.status_code == 422
    assert not MailMessage._base_manager.exists()


def test_a_template_fills_in_what_the_writer_may_know(signed_in, wang, rep, field_rule):
    template = MessageTemplate.objects.create(
        name="报价",
        entity="customers.contact",
        subject="致{{ record.name }}",
        body="{{ record.name }}：{{ record.mobile }} {{ me.name }}",
    )
    field_rule(rep, "customers.contact", "mobile", "hidden")
    draft = begin(signed_in, entity="customers.contact", record=wang.pk)
    put(signed_in, draft, "template", template=template.pk)
    draft.refresh_from_db()
    assert (draft.subject, draft.body.strip()) == ("致王明", "王明： 林晓")


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{{ record.__class__ }}",
        "{{ me.password }}",
        "{% include 'x' %}",
        "{% broken",
    ],
)
def test_a_hostile_template_does_no_harm(signed_in, wang, body):
    template = MessageTemplate.objects.create(name="x", body=body)
    draft = begin(signed_in, entity="customers.contact", record=wang.pk)
    assert put(signed_in, draft, "template", template=template.pk).status_code == 302
    draft.refresh_from_db()
    assert draft.body.strip() == ""


def test_answers(signed_in, account, rep):
    mail = take_in(account, Place("INBOX", 1, 1), DATA)

    def answer(how):
        url = signed_in.post(reverse("messaging:answer", args=[mail.pk, how])).url
        return MailDraft.objects.get(pk=int(re.search(r"/drafts/(\d+)/", url)[1]))

    one, everybody, forward = answer("answer"), answer("all"), answer("forward")
    assert (one.subject, one.to, one.cc) == ("Re: 询价", "Wang Zong <wang@customer.example>", "")
    assert "> 请报价" in one.body
    assert (everybody.to, everybody.cc) == (
        "Wang Zong <wang@customer.example>",
        "Zhao <zhao@customer.example>, qian@customer.example",
    )
    assert (forward.subject, forward.to) == ("Fwd: 询价", "")


def test_suggestions_know_pinyin_and_the_policy(signed_in, wang, other):
    make_contact(owner=other, name="王红", email="hong@customer.example")
    url = reverse("messaging:people")
    for words in ("王", "wangm", "wm", "wang@cus"):
        found = signed_in.get(url, {"q": words}).json()["results"]
        assert [person["address"] for person in found] == ["wang@customer.example"], words
    assert signed_in.get(url, {"q": "\x00"}).json() == {"results": []}


def test_addresses_as_people_type_them():
    found = read_addresses(
        '王总 <Wang@Customer.example>；zhao@customer.example，"Li, Wei" <li@customer.example>、qian@customer.example\n'
    )
    assert [tuple(p) for p in found] == [
        ("王总", "wang@customer.example"),
        ("", "zhao@customer.example"),
        ("Li, Wei", "li@customer.example"),
        ("", "qian@customer.example"),
    ]


# Accounts


@pytest.fixture
def form(receiver, mailbox):
    return {
        "name": "林晓",
        "address": "li@example.com",
        "secret": "secret",
        "smtp_host": "127.0.0.1",
        "smtp_port": receiver.port,
        "smtp_security": "none",
        "imap_host": "127.0.0.1",
        "imap_port": mailbox.port,
        "imap_security": "none",
        "folders": "INBOX",
        "since": "2026-01-01",
        "privacy": "record",
        "active": "on",
    }


def test_setting_up_ones_own_account_says_whether_it_works(client, rep, form):
    client.force_login(rep)
    answer = client.post(reverse("messaging:account_add"), form)
    account = MailAccount.objects.get()
    assert answer.url == reverse("messaging:account", args=[account.pk])
    assert [text for text, _tags in told(answer)] == [
        "Sending works: 127.0.0.1 let us in.",
        "Reading works: 1 folders found.",
    ]
    assert (account.owner, account.state, account.shared) == (rep, "fine", False)
    page = client.get(answer.url).content.decode()
    assert "secret" not in re.sub(
        r'name="secret"|id_secret|for="id_secret"|hint_id_secret|id="[^"]*secret[^"]*"|aria-describedby="[^"]*"',
        "",
        page,
    ).replace("div_", "")


def test_what_is_wrong_is_said(client, rep, form):
    client.force_login(rep)
    answer = client.post(reverse("messaging:account_add"), form | {"secret": "wrong", "folders": "INBOX,Nope"})
    texts = [text for text, _tags in told(answer)]
    assert all(
        text.endswith(("wrong password", "invalid", "failed")) or "refused the user name" in text for text in texts
    )
    account = MailAccount.objects.get()
    assert account.state == "failing"
    url = reverse("messaging:account", args=[account.pk])
    answer = client.post(url, form | {"folders": "INBOX,Nope"})
    assert "There is no folder Nope. There are: INBOX." in [text for text, _tags in told(answer)]


def test_a_password_never_follows_to_a_server_that_somebody_put_in(signed_in, account, form):
    url = reverse("messaging:account", args=[account.pk])
    answer = signed_in.post(url, form | {"secret": "", "smtp_host": "evil.example"})
    assert answer.status_code == 422
    assert "Enter the password again for the new server." in answer.content.decode()
    assert signed_in.post(url, form | {"secret": ""}).status_code == 302
    account.refresh_from_db()
    assert account.state == "fine", "The password stayed."


def test_nobody_touches_anothers_account(client, other, account, form):
    client.force_login(other)
    for name in ("account", "account_test"):
        assert client.post(reverse(f"messaging:{name}", args=[account.pk]), form).status_code == 404
    account.owner, account.shared = other, True
    account.save()
    assert client.post(reverse("messaging:account", args=[account.pk]), form).status_code == 404, (
        "Shared ones are for admins."
    )


def test_the_administration_sets_up_and_tests(client, boss, rep, form):
    client.force_login(boss)
    data = form | {"owner": rep.pk, "shared": "on", "members": [boss.pk]}
    answer = client.post(reverse("admin:messaging_mailaccount_add"), data, follow=True)
    page = answer.content.decode()
    assert "Sending works" in page
    account = MailAccount.objects.get()
    assert list(account.members.all()) == [boss]
    assert "secret" not in re.findall(
        r'value="([^"]*)"',
        client.get(reverse("admin:messaging_mailaccount_change", args=[account.pk])).content.decode(),
    )
    for name in ("messagetemplate", "smsprovider", "telephony", "mailsetaside", "textmessage", "phonecall"):
        assert client.get(reverse(f"admin:messaging_{name}_changelist")).status_code == 200
    for name in ("messagetemplate", "smsprovider", "telephony"):
        assert client.get(reverse(f"admin:messaging_{name}_add")).status_code == 200


def test_a_template_shows_its_tags_and_a_preview(client, boss, wang):
    client.force_login(boss)
    url = reverse("admin:messaging_messagetemplate_add")
    data = {
        "name": "x",
        "channel": "mail",
        "entity": "customers.contact",
        "body": "{{ record.name }} {% if",
        "active": "on",
    }
    assert "can&#x27;t be read" in client.post(url, data).content.decode()
    client.post(url, data | {"body": "你好 {{ record.name }}"})
    page = client.get(
        reverse("admin:messaging_messagetemplate_change", args=[MessageTemplate.objects.get().pk])
    ).content.decode()
    assert "你好 王明" in page
    assert "{{ record.mobile }}" in page


def test_the_programs_own_mail_goes_out_by_the_chosen_account(account, receiver, settings):
    from django.core.mail import send_mail

    settings.EMAIL_BACKEND = "crm.messaging.backend.AccountBackend"
    assert send_mail("S", "text", None, ["w@customer.example"]) == 0
    account.system = True
    account.save()
    assert send_mail("S", "text", None, ["w@customer.example"]) == 1
    [(sender, recipients, data)] = receiver.mails
    assert (sender, recipients) == ("li@example.com", ["w@customer.example"])
    assert b"li@example.com" in data
