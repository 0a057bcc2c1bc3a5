"""A visitor fills in a form: it becomes a lead, or a touch of whom we know; whatever else comes is kept or refused."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils.html import escape

from crm.access.models import Scope
from crm.notifications.models import Notification
from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.privacy.consent import may_contact
from crm.privacy.models import ConsentPurpose, ConsentRecord
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_contact, make_source
from customers.tracing import Touch
from marketing.factories import make_web_form
from marketing.models import FormSubmission
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db
State = FormSubmission.State
WANG = {"name": "王小川", "mobile": "13912345678", "email": "wang@example.com", "interest": "离心泵"}


def test_what_is_sent_becomes_a_lead_with_its_trace(form, keeper, send, visitor):
    form.source, form.campaign = make_source("官网"), "spring"
    records.save(form, actor=Actor(keeper))
    query = "?utm_source=baidu&utm_medium=cpc&utm_campaign=泵&utm_term=离心泵&referrer=https://www.baidu.com/s"
    answer = send(form, query, **WANG)
    assert answer.status_code == 303 and visitor.get(answer["Location"]).status_code == 200
    assert not answer.cookies and "no-store" in visitor.get(f"/f/{form.token}/")["Cache-Control"]
    lead = Lead.objects.get()
    assert (lead.name, lead.mobile, lead.owner, lead.source.name) == ("王小川", "13912345678", keeper, "官网")
    assert (lead.first_channel, lead.first_campaign, lead.last_campaign) == ("advert", "泵", "泵")
    assert lead.first_source == form.source and lead.first_touch_at == lead.last_touch_at is not None
    touch = Touch.objects.get()
    assert (touch.utm_source, touch.utm_term, touch.referrer) == ("baidu", "离心泵", "https://www.baidu.com/s")
    sent = form.submissions.get()
    assert (sent.state, sent.on_entity, sent.on_id) == (State.CREATED, "sales.lead", lead.pk)
    assert sent.consent == {"text": "I agree", "version": 1, "given": True, "language": "en"}
    assert Entry.objects.get(kind="sales.lead.created").cause == f"form:{form.pk}"
    assert Entry.objects.filter(kind="marketing.form.sent", record_id=lead.pk).count() == 1
    assert Notification.objects.get(kind="form_new").user == keeper


def test_the_touches_of_a_lead_come_in_a_second_request(form, send, client, boss):
    send(form, "?utm_source=weixin&utm_medium=social", **WANG)
    lead = Lead.objects.get()
    client.force_login(boss)
    assert f"/sales/leads/{lead.pk}/panel/touches/" in client.get(f"/sales/leads/{lead.pk}/").content.decode()
    assert "weixin/social" in client.get(f"/sales/leads/{lead.pk}/panel/touches/").content.decode()
    untouched = make_lead(owner=boss)
    assert "/panel/touches/" not in client.get(f"/sales/leads/{untouched.pk}/").content.decode()


def test_whom_we_know_gets_a_touch_and_no_second_lead(form, send, other, keeper):
    lead = make_lead(mobile="139 1234 5678", owner=other)
    answer = send(form, "?utm_source=weixin&utm_medium=social", **WANG)
    assert answer.status_code == 303 and Lead.objects.count() == 1
    lead.refresh_from_db()
    assert (lead.name, lead.owner, lead.last_channel) == (lead.name, other, "social")
    assert lead.email == ""  # a stranger changes nothing of whom we know
    assert form.submissions.get().state == State.JOINED


def test_a_contact_is_known_too_and_an_invalid_lead_is_not(form, send):
    contact = make_contact(email="WANG@example.com")
    send(form, **WANG)
    assert not Lead.objects.exists() and form.submissions.get().on_id == contact.pk
    make_lead(mobile="13800001111", status=Lead.Status.INVALID, invalid_reason="空号")
    send(form, name="李四", mobile="13800001111")
    assert Lead.objects.filter(mobile="13800001111").count() == 2


def test_consent_is_needed_and_its_version_follows_its_words(form, keeper, send):
    assert send(form, **WANG, consent=None).status_code == 422
    form.consent_zh = "新的隐私政策"
    records.save(form, actor=Actor(keeper))
    send(form, **WANG)
    assert form.submissions.get().consent["version"] == 2


def test_what_is_wrong_is_told_beside_the_field_and_typed_again(form, send):
    answer = send(form, **WANG | {"email": "no address", "name": ""})
    page = answer.content.decode()
    assert answer.status_code == 422 and "离心泵" in page and "13912345678" in page
    assert set(answer.context["made"].errors) == {"email", "name"}
    assert not FormSubmission.objects.exists()


def test_sent_twice_is_taken_once(form, visitor, send):
    page = visitor.get(f"/f/{form.token}/")
    assert [send(form, page=page, **WANG).status_code for _n in range(3)] == [303, 303, 303]
    assert Lead.objects.count() == 1 and form.submissions.count() == 1 and Touch.objects.count() == 1


def test_a_robot_is_thanked_and_kept_apart(form, send, client, keeper):
    assert send(form, **WANG, leave_empty="x").status_code == 303
    sent = form.submissions.get()
    assert sent.state == State.SPAM and not Lead.objects.exists()
    client.force_login(keeper)
    client.post(f"/marketing/webforms/{form.pk}/submissions/{sent.pk}/retry/")
    assert Lead.objects.get().name == "王小川"
    sent.refresh_from_db()
    assert (sent.state, sent.attempts) == (State.CREATED, 1)


@pytest.mark.parametrize("stamp", ["", "forged", "x:1abc:zzzz", "\x00"])
def test_a_page_of_its_own_mark_is_asked_for(form, send, stamp):
    assert send(form, **WANG, stamp=stamp).status_code == 422
    assert not FormSubmission.objects.exists()


def test_faster_than_people_write_is_shown_once_more(form, visitor):
    page = visitor.get(f"/f/{form.token}/").content.decode()
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)[1]
    answer = visitor.post(f"/f/{form.token}/", WANG | {"stamp": stamp, "consent": "1"})
    assert answer.status_code == 422 and "once more" in answer.content.decode()


def test_a_mark_of_another_form_is_none(form, keeper, send, visitor):
    page = visitor.get(f"/f/{make_web_form(owner=keeper, consent_en='x').token}/")
    assert send(form, page=page, **WANG).status_code == 422


def test_one_address_sends_so_much_an_hour(form, keeper, send):
    form.per_hour = 2
    records.save(form, actor=Actor(keeper))
    answers = [send(form, name=f"某{n}", mobile=f"1390000000{n}").status_code for n in range(3)]
    assert answers == [303, 303, 429]


def test_rules_choose_who_gets_it_unless_the_form_names_somebody(form, keeper, other, rep, send):
    rule = AssignmentRule.objects.create(entity="sales.lead", name="turn")
    AssignmentMember.objects.create(rule=rule, user=other)
    send(form, **WANG)
    assert Lead.objects.get().owner == other
    form.give_to = rep
    records.save(form, actor=Actor(keeper))
    send(form, name="李四", mobile="13800001111")
    assert Lead.objects.get(name="李四").owner == rep


def test_a_form_whose_owner_may_not_add_keeps_what_was_sent(form, keeper, send, grant, client):
    grant(keeper, "sales.lead", add=Scope.NONE)
    assert send(form, **WANG).status_code == 303
    sent = form.submissions.get()
    assert sent.state == State.FAILED and sent.reason and not Lead.objects.exists()
    assert Notification.objects.filter(kind="form_failed", user=keeper).count() == 1
    grant(keeper, "sales.lead", add=Scope.OWN)
    client.force_login(keeper)
    client.post(f"/marketing/webforms/{form.pk}/submissions/{sent.pk}/retry/")
    sent.refresh_from_db()
    assert sent.state == State.CREATED and Lead.objects.count() == 1


def test_only_fields_of_the_form_are_written(form, send, keeper, other, field_rule):
    field_rule(keeper, "sales.lead", "email", "hidden")
    send(form, **WANG, status="qualified", owner=str(other.pk), score="99", description="x", rating="hot")
    lead = Lead.objects.get()
    assert (lead.status, lead.owner, lead.score, lead.rating) == ("new", keeper, None, "")
    assert lead.email == ""  # what its owner may not write, nobody writes by the form


def test_the_address_is_confirmed_before_anything_is_made(
    form, keeper, send, visitor, django_capture_on_commit_callbacks
):
    form.confirm_email = True
    records.save(form, actor=Actor(keeper))
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(form, **WANG)
    assert "mail=1" in answer["Location"] and not Lead.objects.exists()
    assert form.submissions.get().state == State.WAITING
    link = re.search(r"https?://\S+(/f/confirm/\S+)", mail.outbox[0].body)[1]
    assert mail.outbox[0].to == ["wang@example.com"] and "王小川" not in mail.outbox[0].body
    assert visitor.get(link).status_code == 200 and not Lead.objects.exists()
    assert [visitor.post(link).status_code for _n in range(2)] == [200, 200]
    assert Lead.objects.count() == 1
    assert visitor.get(link[:-3] + "abc/").status_code == 404


def test_only_named_websites_may_frame_it(form, keeper, visitor):
    shut = visitor.get(f"/f/{form.token}/")
    assert "frame-ancestors 'none'" in shut["Content-Security-Policy"] and shut["X-Frame-Options"] == "DENY"
    form.hosts = "www.example.com\nshop.example.com"
    records.save(form, actor=Actor(keeper))
    page = visitor.get(f"/f/{form.token}/?embed=1")
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://www.example.com https://shop.example.com" in policy
    assert "X-Frame-Options" not in page


def test_a_closed_or_removed_form_is_not_there(form, keeper, visitor):
    form.active = False
    records.save(form, actor=Actor(keeper))
    assert visitor.get(f"/f/{form.token}/").status_code == 404
    assert visitor.get("/f/nothing/").status_code == 404


@pytest.mark.parametrize(
    "values",
    [
        {"name": "a\x00b"},
        {"name": "x" * 100_000},
        {"name": "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")},
        {"mobile": "1" * 5000},
        {"utm_source": "\x00", "referrer": "http://[", "landing": "x" * 9999},
        {"consent": "\x00"},
        {"name": ["a", "b"], "interest": ["x"] * 60},
        {"email": "a@b.c\r\nBcc: x@y.z"},
        {"interest": "\u202e" + "泵" * 400},
    ],
)
def test_hostile_input_is_refused_or_made_harmless(form, send, visitor, values):
    assert send(form, **WANG | values).status_code in {303, 422}
    for lead in Lead.objects.all():
        assert "\x00" not in lead.name + lead.interest
    query = {"utm_source": "\x00", "referrer": "http://[", "lang": "\x00", "embed": "\x00"}
    assert visitor.get(f"/f/{form.token}/", query, headers={"referer": "http://["}).status_code == 200


def test_the_builder_chooses_labels_and_requires(form, keeper, client, send, visitor):
    client.force_login(keeper)
    page = client.get(f"/marketing/webforms/{form.pk}/?tab=fields")
    assert page.status_code == 200 and "离心" not in page.content.decode()
    rows = [("city", "城市", "Town", "on"), ("mobile", "", "", "on"), ("", "", "", "")]
    data = {"fields-TOTAL_FORMS": "3", "fields-INITIAL_FORMS": "0"}
    for n, (field, zh, en, required) in enumerate(rows):
        data |= {f"fields-{n}-field": field, f"fields-{n}-label_zh": zh, f"fields-{n}-label_en": en}
        data |= {f"fields-{n}-required": required, f"fields-{n}-position": str(n)}
    client.post(f"/marketing/webforms/{form.pk}/fields/", data)
    assert [f.field for f in form.fields.all()] == ["city", "mobile"]
    shown = visitor.get(f"/f/{form.token}/").content.decode()
    assert "Town" in shown and 'name="name"' not in shown
    assert send(form, city="", mobile="13912345678").status_code == 422
    assert send(form, city="杭州", mobile="13912345678").status_code == 303
    assert Lead.objects.get().city == "杭州"


def test_the_builder_refuses_what_is_none_of_a_visitors_business(form, keeper, client):
    client.force_login(keeper)
    data = {"fields-TOTAL_FORMS": "1", "fields-INITIAL_FORMS": "0", "fields-0-position": "1"}
    for field in ("owner", "status", "converted_account", "custom.nothing", "__class__"):
        client.post(f"/marketing/webforms/{form.pk}/fields/", data | {"fields-0-field": field})
        assert field not in {f.field for f in form.fields.all()}
    assert form.fields.count() == 6


def test_who_keeps_no_form_neither_builds_nor_reads(form, client, rep, grant):
    sent = FormSubmission.objects.create(form=form, key="k", state=State.SPAM, values={"name": ["机密"]})
    addresses = [
        f"/marketing/webforms/{form.pk}/fields/",
        f"/marketing/webforms/{form.pk}/submissions/{sent.pk}/retry/",
    ]
    client.force_login(rep)
    assert [client.post(address).status_code for address in addresses] == [404, 404]
    grant(rep, "marketing.webform", view=Scope.ALL)
    assert [client.post(address).status_code for address in addresses] == [403, 403]
    assert client.get(f"/marketing/webforms/{form.pk}/").status_code == 200
    assert client.get(f"/marketing/webforms/{form.pk}/?tab=submissions").status_code == 404
    assert [Client().post(address).status_code for address in addresses] == [302, 302]


def test_what_is_agreed_to_goes_into_the_ledger_of_who_surely_agreed(form, keeper, send):
    names = {"name_zh": "营销信息", "name_en": "News and offers"}
    form.purpose = ConsentPurpose.objects.get_or_create(code="marketing", defaults={**names, "marketing": True})[0]
    form.purpose.texts.get_or_create(
        version=1, defaults={"text_zh": "我同意接收资讯。", "text_en": "I agree to receive news."}
    )
    form.consent_zh, form.consent_en = "", ""
    records.save(form, actor=Actor(keeper))
    page = send(form, name="x", consent=None)
    words = form.purpose.texts.first()
    assert page.status_code == 422 and escape(words.text_en[:30]) in page.content.decode()
    send(form, **WANG)
    lead = Lead.objects.get()
    line = ConsentRecord.objects.get()
    assert (line.person_entity, line.person_id, line.granted, line.text) == ("sales.lead", lead.pk, True, words)
    assert may_contact(lead, "marketing", "email")
    send(form, **WANG)  # anybody may type the number of somebody whom we know
    assert ConsentRecord.objects.count() == 1
