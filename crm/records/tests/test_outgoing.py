"""Effects outside the database: each is accounted for, whenever the worker dies."""

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from crm.records import sending, wake
from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.outgoing import NotSent, cancel_outgoing, give_up, outgoing_kind, queue_outgoing, send_again
from crm.records.sending import outgoing_kinds, rescue_claims, send_due
from crm.tests.processes import environment

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor()


@pytest.fixture
def kind(monkeypatch):
    """``kind(send, may_repeat=…)`` registers the sender of “test”; the default of a test's end is none."""
    monkeypatch.setattr(sending, "_listeners", [])
    yield lambda send, **options: outgoing_kind("test", **options)(send)
    for name in [name for name in outgoing_kinds if name.startswith("test")]:
        del outgoing_kinds[name]


@pytest.fixture
def receiver():
    """A server that counts the keys that reach it."""
    keys = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            keys[self.headers["Idempotency-Key"]] += 1
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", keys
    server.shutdown()


def worker(address, mode):
    """A real worker process on the test's database."""
    command = [sys.executable, "-m", "crm.records.tests.outgoing_worker", address, mode]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def post(address, outgoing):
    request = urllib.request.Request(address, data=b"{}", headers={"Idempotency-Key": outgoing.key})
    urllib.request.urlopen(request, timeout=5).read()


def kill_when_hanging(process):
    assert process.stdout.readline() == "hanging\n", process.stderr.read()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def finish(process):
    out, err = process.communicate(timeout=60)
    assert out == "done\n", err


def queue(key="k-1", **options):
    with transaction.atomic():
        return queue_outgoing("test", key, {"n": 1}, actor=SYSTEM, **options)


def later(minutes):
    """Make it so many minutes later for what is claimed or waits."""
    shift = timedelta(minutes=minutes)
    for row in Outgoing.objects.all():
        claimed = row.claimed_at and row.claimed_at - shift
        Outgoing.objects.filter(pk=row.pk).update(next_at=row.next_at - shift, claimed_at=claimed)


def states():
    return list(Outgoing.objects.order_by("id").values_list("state", flat=True))


def test_killed_after_sending_it_is_asked_about_never_doubled(kind, receiver):
    address, keys = receiver
    outgoing_kind("test.once")(lambda outgoing: post(address, outgoing))
    queue_outgoing("test.once", "a", {}, actor=SYSTEM, at=timezone.now())
    kill_when_hanging(worker(address, "after"))
    assert (keys, states()) == ({"a": 1}, ["claimed"])
    assert send_due() == 0, "A claim of the last minutes may still be at work."
    later(11)
    assert send_due() == 0
    assert (keys, states()) == ({"a": 1}, ["unknown"])
    assert send_again(Outgoing.objects.get())
    assert (keys, states()) == ({"a": 2}, ["done"]), "A person decided, and the receiver can tell by the key."


def test_killed_before_sending_it_is_not_lost(kind, receiver):
    address, keys = receiver
    outgoing_kind("test.once")(lambda outgoing: None)
    queue_outgoing("test.once", "a", {}, actor=SYSTEM, at=timezone.now())
    kill_when_hanging(worker(address, "before"))
    later(11)
    rescue_claims()
    assert (keys, states()) == ({}, ["unknown"])


def test_where_the_receiver_drops_doubles_it_goes_out_again_under_its_key(kind, receiver):
    address, keys = receiver
    outgoing_kind("test.repeat", may_repeat=True)(lambda outgoing: None)
    queue_outgoing("test.repeat", "a", {}, actor=SYSTEM, at=timezone.now())
    kill_when_hanging(worker(address, "after"))
    later(11)
    rescue_claims()
    assert states() == ["queued"]
    later(11)
    finish(worker(address, "through"))
    assert (keys, states()) == ({"a": 2}, ["done"])


def test_the_same_key_is_one_effect_and_a_rolled_back_one_is_none(kind):
    sent = []
    kind(lambda outgoing: sent.append(outgoing.key))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue_outgoing("test", "never", {}, actor=SYSTEM)
        raise ZeroDivisionError
    first, second = queue(at=timezone.now()), queue(at=timezone.now())
    assert first.pk == second.pk
    send_due()
    send_due()
    assert sent == ["k-1"]


def test_commit_wakes_a_worker(kind):
    sent = []
    kind(lambda outgoing: sent.append(outgoing.key))
    queue()
    assert (sent, states()) == (["k-1"], ["done"])


def test_it_waits_for_its_time(kind):
    kind(lambda outgoing: {"code": 200})
    queue(at=timezone.now() + timedelta(minutes=5))
    assert (send_due(), states()) == (0, ["queued"])
    later(6)
    assert (send_due(), states()) == (1, ["done"])
    assert Outgoing.objects.get().result == {"code": 200}


def test_a_definite_failure_is_tried_again_with_growing_pauses_then_set_aside_with_an_alarm(kind):
    told, pauses = [], []

    def refuse(outgoing):
        raise NotSent("451 try later")

    kind(refuse, most_attempts=3, settled=lambda outgoing: told.append((outgoing.state, outgoing.error)))
    queue(at=timezone.now())
    for _attempt in range(5):
        send_due()
        row = Outgoing.objects.get()
        pauses.append(round((row.next_at - timezone.now()).total_seconds()))
        later(120)
    assert states() == ["failed"]
    assert pauses[:2] == [30, 60]
    assert told == [("failed", "451 try later")]
    assert Outgoing.objects.get().attempts == 3


def test_what_is_refused_for_good_is_not_tried_again(kind):
    def refuse(outgoing):
        raise NotSent("550 no such user", final=True)

    kind(refuse)
    queue()
    assert (states(), Outgoing.objects.get().attempts) == (["failed"], 1)


def test_an_error_nobody_foresaw_leaves_it_unknown(kind):
    def drop(outgoing):
        raise ConnectionResetError("in the middle")

    kind(drop)
    queue()
    assert states() == ["unknown"]
    assert Outgoing.objects.get().error == "ConnectionResetError: in the middle"
    assert send_due() == 0


def test_a_slow_sender_that_was_given_a_second_try_cannot_mark_it(kind, monkeypatch):
    monkeypatch.setattr(
        wake, "redis_answers", lambda: False
    )  # else the second try would begin within the first, and so on

    def slow(outgoing):
        later(11)
        rescue_claims()
        assert send_again(Outgoing.objects.get())

    kind(slow)
    queue(at=timezone.now())
    kind_before = outgoing_kinds["test"]
    outgoing = sending._claim("test")
    kind_before.send(outgoing)
    assert sending._settle(outgoing, "done") is False
    assert states() == ["queued"]


def test_taking_back_works_until_it_is_sent(kind):
    sent = []
    kind(lambda outgoing: sent.append(outgoing.key))
    waiting = queue(at=timezone.now() + timedelta(seconds=10))
    assert cancel_outgoing(waiting) is True
    later(1)
    send_due()
    assert (sent, states()) == ([], ["cancelled"])
    done = queue("k-2")
    assert (cancel_outgoing(done), give_up(done)) == (False, False)
    assert sent == ["k-2"]


def test_two_workers_send_each_once(kind):
    sent = []
    kind(lambda outgoing: sent.append(outgoing.key))
    for number in range(30):
        queue(f"k-{number}", at=timezone.now())
    threads = [threading.Thread(target=lambda: (send_due(), connection.close())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send_due()
    assert sorted(sent) == sorted(f"k-{number}" for number in range(30))


def test_admins_see_filter_and_decide(kind, client, boss):
    kind(lambda outgoing: None)
    Outgoing.objects.create(kind="test", key="lost-1", state="unknown", error="worker stopped")
    Outgoing.objects.create(kind="test", key="fine-1", state="done")
    client.force_login(boss)
    url = reverse("admin:records_outgoing_changelist")
    page = client.get(url, {"state__exact": "unknown"}).content.decode()
    assert "lost-1" in page
    assert "fine-1" not in page
    lost = Outgoing.objects.get(key="lost-1")
    client.post(url, {"action": "send_them_again", "_selected_action": [lost.pk]})
    assert states() == ["done", "done"]


def test_who_may_not_decide_has_no_such_button(client, make_user, grant):
    viewer = make_user("viewer", is_staff=True)
    grant(viewer, "records.outgoing", view=4)
    Outgoing.objects.create(kind="test", key="lost-1", state="unknown")
    client.force_login(viewer)
    url = reverse("admin:records_outgoing_changelist")
    assert "lost-1" in client.get(url).content.decode()
    client.post(url, {"action": "send_them_again", "_selected_action": [Outgoing.objects.get().pk]})
    assert states() == ["unknown"]
