"""Text messages by a real HTTP server, receipts and calls by signed webhooks: each once, none by strangers."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation

from crm.access.models import Scope
from crm.activities.models import FollowUp
from crm.entities.effects import perform
from crm.entities.entity import registry
from crm.messaging.calls import dial
from crm.messaging.models import Extension, MessageTemplate, PhoneCall, SmsProvider, Telephony, TextMessage
from crm.messaging.signing import sign
from crm.messaging.sms import queue_sms
from crm.records.actor import Actor
from crm.records.models import Entry, Outgoing
from customers.factories import make_contact

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "+8613800138000"


@pytest.fixture
def server():
    """An HTTP server of a provider: ``server.seen``, ``server.answer``; “drop” breaks off without an answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            running.seen.append((dict(self.headers), json.loads(body), body))
            status, text = running.answer
            if status == "drop":
                self.connection.close()
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments):
            pass

    class Quiet(ThreadingHTTPServer):
        seen, answer = [], (200, '{"code": "OK", "data": {"id": "p-1"}}')

        def handle_error(self, request, client_address):
            pass

    running = Quiet(("127.0.0.1", 0), Handler)
    running.seen = []
    threading.Thread(target=running.serve_forever, daemon=True).start()
    running.url = f"http://127.0.0.1:{running.server_port}/send"
    yield running
    running.shutdown()


@pytest.fixture
def provider(server):
    return SmsProvider.objects.create(
        name="P",
        active=True,
        url=server.url,
        secret="s3cret",
        receipt_secret="receipts",
        headers="Authorization: Bearer {{ secret }}",
        ok_path="code",
        ok_value="OK",
        id_path="data.id",
    )


@pytest.fixture
def wang(rep, grant):
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN)
    grant(rep, "activities.followup", view=Scope.OWN, add=Scope.OWN)
    return make_contact(owner=rep, name="王明", mobile="138 0013 8000")


@pytest.fixture
def text(wang, rep, provider):
    return lambda **values: queue_sms(
        wang, **{"number": "13800138000", "text": "您好，“报价”已发", "actor": Actor(rep)} | values
    )


def state(message):
    message.refresh_from_db()
    return message.state


# Text messages


def test_a_text_goes_out_in_the_providers_words(text, server, wang):
    message = text()
    assert state(message) == "sent"
    [(headers, told, _body)] = server.seen
    assert told == {"to": NUMBER, "text": "您好，“报价”已发", "id": message.key}
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer s3cret", message.key)
    assert message.provider_key == "p-1"
    entry = Entry.objects.get(kind="messaging.sms.sent")
    assert (entry.record_id, entry.data["text"]) == (wang.pk, "您好，“报价”已发")


@pytest.mark.parametrize(
    ("answer", "expected", "waits"),
    [
        ((429, "slow down"), "queued", True),
        ((400, "bad number"), "failed", False),
        ((200, '{"code": "QUOTA"}'), "failed", False),
        ((200, "no json"), "failed", False),
        ((500, "oops"), "unknown", False),
        (("drop", ""), "unknown", False),
    ],
)
def test_what_an_answer_means(text, server, answer, expected, waits):
    server.answer = answer
    message = text()
    assert state(message) == expected
    assert len(server.seen) == 1
    assert Outgoing.objects.filter(state="queued").exists() is waits


def test_a_provider_that_drops_doubles_is_asked_again(text, server, provider, due):
    provider.drops_doubles = True
    provider.save()
    server.answer = (500, "oops")
    message = text()
    assert state(message) == "queued"
    server.answer = (200, '{"code": "OK"}')
    due()
    assert state(message) == "sent"
    assert {told["id"] for _headers, told, _body in server.seen} == {message.key}


def test_the_same_key_is_one_text(text, server):
    assert text(key="rule-7").pk == text(key="rule-7").pk
    assert len(server.seen) == 1


def test_a_text_in_quotes_stays_json(text, server):
    text(text='"}, {"to": "+8613900000000"\n\\')
    assert server.seen[0][1]["to"] == NUMBER
    assert server.seen[0][1]["text"] == '"}, {"to": "+8613900000000"\n\\'


@translation.override("en")
def test_what_cannot_be_sent_is_refused(text, provider):
    for values, words in (
        ({"number": "abc"}, "no telephone number"),
        ({"text": " "}, "between 1 and"),
        ({"text": "x" * 1001}, "between 1 and"),
    ):
        with pytest.raises(ValidationError, match=words):
            text(**values)
    provider.active = False
    provider.save()
    with pytest.raises(ValidationError, match="No SMS provider"):
        text()
    assert not TextMessage.objects.exists()


def post(client, url, told, secret, *, moment=None, **headers):
    body = json.dumps(told).encode()
    signed = sign(secret, body, moment) | headers
    return client.generic("POST", url, body, content_type="application/json", headers=signed)


def test_a_receipt_is_taken_by_either_number(client, text, provider):
    message = text()
    url = reverse("messaging:receipt", args=[provider.pk])
    answer = post(client, url, {"id": "p-1", "state": "failed", "reason": "关机"}, "receipts")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "known": True})
    assert (state(message), message.error) == ("undelivered", "关机")
    post(client, url, {"id": "p-1", "state": "failed", "reason": "again"}, "receipts")
    lost = Entry.objects.get(kind="messaging.sms.lost")
    assert (lost.record_id, lost.data["reason"]) == (message.record_id, "关机"), "Told on the timeline, once."
    post(client, url, {"id": message.key, "state": "delivered"}, "receipts")
    assert state(message) == "delivered"
    post(client, url, {"id": message.key, "state": "failed"}, "receipts")
    assert state(message) == "delivered", "A late word undoes nothing."
    assert post(client, url, {"id": "nobody's"}, "receipts").json()["known"] is False


def test_strangers_and_replays_are_refused(client, text, provider):
    message = text()
    url = reverse("messaging:receipt", args=[provider.pk])
    told = {"id": message.key, "state": "delivered"}
    now = int(time.time())
    assert post(client, url, told, "wrong").status_code == 403
    assert post(client, url, told, "").status_code == 403
    assert post(client, url, told, "receipts", moment=now - 600).status_code == 403
    assert client.post(url, told, content_type="application/json").status_code == 403
    assert post(client, url, told, "receipts", **{"X-Timestamp": str(now + 60)}).status_code == 403
    assert client.get(url).status_code == 405
    assert state(message) == "sent"
    assert post(client, url, told, "receipts", moment=now).json()["status"] == "ok"
    assert post(client, url, told, "receipts", moment=now).json() == {"status": "known"}


def test_without_a_secret_nobody_is_heard(client, provider):
    SmsProvider.objects.update(receipt_secret="")
    url = reverse("messaging:receipt", args=[provider.pk])
    assert post(client, url, {"id": "x"}, "").status_code == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"[" * 30_000, b'{"a": NaN', b"\xff"])
def test_rubbish_that_is_signed_is_still_refused(client, provider, body):
    url = reverse("messaging:receipt", args=[provider.pk])
    answer = client.generic("POST", url, body, content_type="application/json", headers=sign("receipts", body))
    assert answer.status_code == 400


# Calls


@pytest.fixture
def telephony(server, rep):
    made = Telephony.objects.create(name="PBX", active=True, secret="phone", dial_url=server.url)
    Extension.objects.create(telephony=made, number="801", user=rep)
    return made


@pytest.fixture
def tell(client, telephony):
    def say(event, call="c-1", **values):
        told = {"call": call, "event": event, "number": "13800138000", "extension": "801"} | values
        return post(client, reverse("messaging:call", args=[telephony.pk]), told, "phone")

    return say


def test_a_call_pops_up_and_is_written_down_once(client, tell, wang, rep, other):
    assert tell("ringing").json() == {"status": "ok", "state": "ringing"}
    client.force_login(rep)
    page = client.get("/calls/now/").content.decode()
    assert "王明" in page
    assert registry["customers.contact"].url("record", wang.pk) in page
    client.force_login(other)
    assert client.get("/calls/now/").status_code == 286
    tell("answered")
    tell("ended", seconds=125, recording="https://pbx.example/r/1")
    client.force_login(rep)
    assert client.get("/calls/now/").status_code == 204
    tell("ended", seconds=126)
    [follow_up] = FollowUp.objects.all()
    assert follow_up.text == "Incoming call, 2 min 5 s.\nhttps://pbx.example/r/1"
    assert (follow_up.on_id, follow_up.owner, follow_up.kind) == (wang.pk, rep, "call")


def test_events_may_overtake_each_other(tell, wang):
    tell("ended", seconds=0)
    assert tell("ringing").json()["state"] == "ended"
    assert PhoneCall.objects.get().state == "ended"
    assert FollowUp.objects.get().text == "Missed call."


def test_who_may_not_see_the_caller_is_not_told_who_it_is(client, tell, telephony, wang, other, grant):
    Extension.objects.create(telephony=telephony, number="802", user=other)
    grant(other, "customers.contact", view=Scope.OWN)
    tell("ringing", extension="802")
    client.force_login(other)
    page = client.get("/calls/now/").content.decode()
    assert "王明" not in page
    assert "Nobody you may see has this number." in page
    tell("ended", extension="802", seconds=5)
    assert not FollowUp.objects.exists()


def test_putting_a_call_aside(client, tell, wang, rep, other):
    tell("ringing")
    call = PhoneCall.objects.get()
    for user, expected in ((other, None), (rep, True)):
        client.force_login(user)
        client.post(reverse("messaging:call_close", args=[call.pk]))
        call.refresh_from_db()
        assert (call.closed_at is not None) is bool(expected)


@pytest.mark.parametrize(
    "told",
    [
        {"event": "dancing"},
        {"call": ""},
        {"call": "a\x00b"},
        {"number": "\u202e1"},
        {"seconds": 10**30},
        {"seconds": "x"},
        {"recording": "javascript:alert(1)"},
        {"call": ["a"], "number": {"a": 1}},
    ],
)
def test_hostile_events(tell, wang, told):
    assert (
        tell("ended", **{k: v for k, v in told.items() if k != "event"}).status_code in {200, 422}
        if "event" not in told
        else tell(told["event"]).status_code == 422
    )
    assert not PhoneCall.objects.exclude(recording="").exists()


def test_dialling_asks_the_telephone_system_signed_and_once(wang, rep, telephony, server, client):
    client.force_login(rep)
    url = reverse("messaging:dial", args=["customers.contact", wang.pk])
    assert client.post(url, {"number": wang.mobile}).status_code == 302
    [(headers, told, body)] = server.seen
    assert (told["event"], told["extension"], told["number"]) == ("dial", "801", NUMBER)
    assert headers["X-Signature"] == sign("phone", body, int(headers["X-Timestamp"]))["X-Signature"]
    assert client.post(url, {"number": "+8613911111111"}).status_code == 404, "Only the record's own numbers."
    assert len(server.seen) == 1


def test_a_call_that_could_not_be_started_does_not_ring_later(wang, rep, telephony, server, due):
    from datetime import timedelta

    from django.utils import timezone

    telephony.dial_url = "http://127.0.0.1:1/"
    telephony.save()
    outgoing = dial(wang, "13800138000", actor=Actor(rep))
    outgoing.refresh_from_db()
    assert outgoing.state == "failed"
    Outgoing.objects.update(state="queued", made_at=timezone.now() - timedelta(minutes=5))
    due()
    outgoing.refresh_from_db()
    assert outgoing.error.startswith("Too late")


def test_the_record_page_offers_what_is_set_up(client, wang, rep, telephony, provider, field_rule):
    client.force_login(rep)
    page = client.get(registry["customers.contact"].url("record", wang.pk)).content.decode()
    assert reverse("messaging:dial", args=["customers.contact", wang.pk]) in page
    assert reverse("messaging:text", args=["customers.contact", wang.pk]) in page
    field_rule(rep, "customers.contact", "mobile", "masked")
    page = client.get(registry["customers.contact"].url("record", wang.pk)).content.decode()
    assert "messaging" not in page
    assert "/texts/" not in page
    assert "13800138000" not in page.replace(" ", "")
    answer = client.post(
        reverse("messaging:text", args=["customers.contact", wang.pk]), {"number": wang.mobile, "text": "x"}
    )
    assert answer.status_code == 404
    assert not TextMessage.objects.exists()


def test_a_text_is_written_from_the_record_page(client, wang, rep, provider, server):
    MessageTemplate.objects.create(name="谢谢", channel="sms", body="{{ record.name }}，谢谢！{{ me.name }}")
    client.force_login(rep)
    url = reverse("messaging:text", args=["customers.contact", wang.pk])
    page = client.get(url, {"template": MessageTemplate.objects.get().pk}).content.decode()
    assert "王明，谢谢！林晓" in page
    assert client.post(url, {"number": wang.mobile, "text": ""}).status_code == 422
    assert client.post(url, {"number": wang.mobile, "text": "王明，谢谢！"}).status_code == 302
    assert server.seen[0][1]["text"] == "王明，谢谢！"


# Rules


def test_a_rule_sends_a_text_with_the_rights_of_its_principal(wang, rep, provider, server, field_rule):
    perform("send_sms", wang, {"body": "{{ record.name }}：您好"}, actor=Actor(rep, "rule:1"))
    assert server.seen[0][1]["text"] == "王明：您好"
    field_rule(rep, "customers.contact", "mobile", "masked")
    with pytest.raises(ValidationError, match="no telephone number"):
        perform("send_sms", wang, {"body": "x"}, actor=Actor(rep, "rule:1"))


def test_a_rule_sends_a_mail(wang, rep, account, receiver, due):
    wang.email = "wang@customer.example"
    wang.version = wang.version
    from crm.records import services

    services.save(wang, actor=Actor(rep))
    params = {"account": str(account.pk), "subject": "{{ record.name }}，您好", "body": "{{ company }}"}
    perform("send_mail", wang, params, actor=Actor(rep, "rule:1"))
    due()
    assert receiver.mails[0][1] == ["wang@customer.example"]
    with pytest.raises(ValidationError):
        perform("send_mail", wang, params | {"body": "{% for"}, actor=Actor(rep, "rule:1"))
