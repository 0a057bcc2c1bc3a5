"""A worker that is killed for good, in a process of its own: before its step is written, and while its mail is on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from crm.messaging.models import MailMessage
from crm.records.models import Outgoing
from crm.records.sending import rescue_claims
from crm.tests.processes import environment
from sales.sequences import moving
from sales.sequences.entering import enrol
from sales.sequences.factories import make_sequence

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = """
import dataclasses, sys, time, django
django.setup()
from crm.records import sending
from sales.sequences import moving
def hang(*_args):
    print("there", flush=True)
    time.sleep(60)
if sys.argv[1] == "step":
    moving._note_step = hang
    moving.turn()
else:
    sending.outgoing_kinds["mail"] = dataclasses.replace(sending.outgoing_kinds["mail"], send=hang)
    sending.send_due()
"""


def kill_at(place: str) -> None:
    """Let a worker come so far, then kill it: it can't clean up anything."""
    own = environment(DJANGO_SETTINGS_MODULE="crm.settings", PYTHONPATH=".")
    command = [sys.executable, "-c", WORKER, place]
    with subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR) as process:
        while (line := process.stdout.readline().strip()) != "there":
            assert line or process.poll() is None
        process.kill()
    assert process.returncode == -signal.SIGKILL


def test_a_worker_killed_anywhere_sends_no_mail_twice(lead, actor, seller, receiver, due, monkeypatch):
    monkeypatch.setattr(moving, "wake_outgoing", lambda: None)
    enrolment = enrol(lead, actor=actor, sequence=make_sequence(owner=seller))
    kill_at("step")
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.runs.count(), MailMessage._base_manager.count()) == ("active", 0, 0)
    assert (moving.turn(), moving.turn()) == (1, 0)
    enrolment.refresh_from_db()
    assert (enrolment.runs.count(), MailMessage._base_manager.count()) == (1, 1)

    Outgoing.objects.filter(kind="mail").update(next_at=timezone.now() - timedelta(seconds=1))
    kill_at("mail")
    assert Outgoing.objects.get(kind="mail").state == "claimed"
    due()
    assert receiver.mails == []
    assert rescue_claims(timezone.now() + timedelta(hours=1)) == 1
    due()
    assert (MailMessage._base_manager.get().state, receiver.mails) == ("unknown", [])
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.step.kind) == ("active", "call")
