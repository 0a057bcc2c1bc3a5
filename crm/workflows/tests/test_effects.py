"""Tasks and webhooks as effects: within rights, once, signed, and never silently doubled."""

from __future__ import annotations

import json
import threading
from datetime import time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.customfields.services import define_field
from crm.entities.bound import bind
from crm.entities.effect_forms import effect_view
from crm.entities.entity import registry
from crm.messaging.models import MailAccount, SmsProvider
from crm.ownership.models import Pool
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.sending import send_due
from crm.workflows import services
from crm.workflows.models import RuleRun, Webhook
from crm.workflows.tests.conftest import runs, set_fields, work
from crm.workflows.webhooks import key_of, sign
from crm.workflows.words import summary
from sales.factories import make_lead

pytestmark = pytest.mark.django_db
TRIGGER = {"on": "changed", "field": "amount"}


def do(effect: str, **params) -> dict:
    return {"do": "effect", "effect": effect, "params": params}


def touch(opportunity, actor):
    opportunity.refresh_from_db()
    opportunity.amount = (opportunity.amount or 0) + 1
    records.save(opportunity, actor=actor)


TASK = do("create_task", subject="Call back", to="owner", kind="call", priority="high", days="2")


def test_a_task_for_the_owner_and_it_goes_with_the_run(make_rule, opportunity, seller, as_actor):
    rule = make_rule(TRIGGER, TASK)
    touch(opportunity, as_actor(seller))
    work()
    task = Task.objects.get()
    assert (task.owner, task.subject, task.kind, task.priority, task.on) == (
        seller,
        "Call back",
        "call",
        "high",
        opportunity,
    )
    assert timezone.localdate(task.due_at) == timezone.localdate() + timedelta(days=2)
    services.undo_run(runs(rule=rule)[0], actor=as_actor(seller))
    task.refresh_from_db()
    assert task.deleted_at


def test_who_may_not_give_tasks_away_is_refused(make_rule, opportunity, robot, seller, as_actor, grant):
    rule = make_rule(TRIGGER, TASK)
    grant(robot, "activities.task", assign=Scope.OWN)
    touch(opportunity, as_actor(seller))
    work()
    assert runs(rule=rule)[0].state == RuleRun.State.REFUSED and not Task.objects.exists()
    rule.refresh_from_db()
    assert rule.alarm.startswith("“Rule” failed on Pump station: Robot may not")


@pytest.mark.parametrize("to", ["owner", "manager"])
def test_a_task_about_what_lies_in_a_pool_falls_to_whom_the_rule_acts_as(make_rule, robot, seller, as_actor, to):
    lead = make_lead(owner=seller)
    rule = make_rule(
        {"on": "changed", "field": "city"}, do("create_task", **TASK["params"] | {"to": to}), entity="sales.lead"
    )
    lead.owner, lead.pool, lead.city = None, Pool.objects.create(entity="sales.lead", name="Cold"), "杭州"
    records.save(lead, actor=as_actor(seller))
    work()
    assert (Task.objects.get().owner, runs(rule=rule)[0].state) == (robot, RuleRun.State.DONE)


@pytest.fixture
def receiver(settings):
    """A server that keeps what it gets and answers as told."""
    settings.OUTGOING_PRIVATE = ["127.0.0.1"]
    got, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield Webhook.objects.create(name="ERP", url=f"http://127.0.0.1:{running.server_port}/hook"), got, answers
    running.shutdown()


def test_a_webhook_is_called_once_signed_with_what_the_principal_may_read(
    make_rule, opportunity, robot, seller, as_actor, receiver, field_rule
):
    webhook, got, answers = receiver
    field_rule(robot, "sales.opportunity", "probability", "hidden")
    make_rule(TRIGGER, do("webhook", webhook=str(webhook.pk)), set_fields(next_step="Told"))
    touch(opportunity, as_actor(seller))
    work()
    assert got == []
    answers.append(503)
    send_due()
    Outgoing.objects.update(next_at=timezone.now())
    send_due()
    (headers, body), (again, same) = got
    assert headers["Idempotency-Key"] == again["Idempotency-Key"] and body == same
    moment = int(headers["X-CRM-Signature"].partition(",")[0].removeprefix("t="))
    assert headers["X-CRM-Signature"] == sign(key_of(webhook), moment, body)
    told = json.loads(body)
    assert told["id"] == opportunity.pk and "amount" in told["fields"] and "probability" not in told["fields"]
    assert Outgoing.objects.get().state == Outgoing.State.DONE
    assert send_due() == 0


def test_quiet_hours_hold_back_what_leaves_the_house(make_rule, opportunity, seller, as_actor, receiver):
    webhook, got, _answers = receiver
    now = timezone.localtime()
    rule = make_rule(TRIGGER, set_fields(next_step="At once"), do("webhook", webhook=str(webhook.pk)))
    rule.quiet_from, rule.quiet_to = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    rule.save()
    touch(opportunity, as_actor(seller))
    work()
    opportunity.refresh_from_db()
    (run,) = runs(rule=rule)
    assert (opportunity.next_step, run.state, Outgoing.objects.count()) == ("At once", RuleRun.State.WAITING, 0)
    rule.quiet_from, rule.quiet_to = time(0, 0), time(0, 1)
    if now.hour == 0:
        rule.quiet_from, rule.quiet_to = time(12, 0), time(12, 1)
    rule.save()
    RuleRun.objects.update(next_at=timezone.now())
    work()
    send_due()
    assert (len(got), runs(rule=rule)[0].state) == (1, RuleRun.State.DONE)


def test_tags_are_added_and_taken_away(make_rule, opportunity, seller, as_actor):
    options = [{"value": name, "label_en": name.title()} for name in ("hot", "vip", "old")]
    define_field("sales.opportunity", "multichoice", "labels", "标签", "Labels", actor=Actor(), options=options)
    rule = make_rule(TRIGGER, do("add_tag", tags=["labels:vip", "labels:hot"]), do("remove_tag", tags=["labels:old"]))
    said = summary(bind(registry["sales.opportunity"], rule.principal), rule.current)["steps"]
    assert [one["text"] for one in said] == ["Add tags: Tags: Vip、Hot", "Take tags away: Tags: Old"]
    opportunity.refresh_from_db()
    opportunity.custom = {"labels": ["old"]}
    records.save(opportunity, actor=as_actor(seller))
    touch(opportunity, as_actor(seller))
    work()
    opportunity.refresh_from_db()
    assert (sorted(opportunity.custom["labels"]), runs(rule=rule)[0].state) == (["hot", "vip"], RuleRun.State.DONE)
    services.undo_run(runs(rule=rule)[0], actor=as_actor(seller))
    opportunity.refresh_from_db()
    assert opportunity.custom["labels"] == ["old"]


def test_the_editor_says_when_there_is_nothing_to_send_from(robot):
    lead = bind(registry["sales.lead"], robot)
    view = effect_view(lead, {"effect": "send_mail"}, "s1")
    assert view["form"]["account"].help_text.startswith("Robot has no mailbox that can send.")
    view = effect_view(lead, {"effect": "start_approval"}, "s2")
    assert view["form"]["process"].help_text == "There is nothing to choose from yet."
    MailAccount.objects.create(name="Robot", address="robot@example.com", owner=robot, smtp_host="smtp.example.com")
    assert effect_view(lead, {"effect": "send_mail"}, "s1")["form"]["account"].help_text == ""
    view = effect_view(lead, {"effect": "send_sms"}, "s3")
    assert view["form"]["template"].help_text == "No SMS provider is set up. An administrator can do that."
    SmsProvider.objects.create(name="Any", active=True, url="https://sms.example/send")
    assert effect_view(lead, {"effect": "send_sms"}, "s3")["form"]["template"].help_text == ""


def test_a_step_that_fails_is_shown_on_its_rule_once(make_rule, robot, opportunity, seller, as_actor):
    box = MailAccount.objects.create(name="Robot", address="r@example.com", owner=robot, smtp_host="smtp.example.com")
    steps = [do("send_mail", account=str(box.pk), template="", subject="Hello", body="x")]
    rule = make_rule(TRIGGER, *steps)
    touch(opportunity, as_actor(seller))
    work()
    rule.refresh_from_db()
    assert (runs(rule=rule)[0].state, rule.alarm) == (
        RuleRun.State.FAILED,
        "“Rule” failed on Pump station: Pump station has no e-mail address.",
    )
    at = rule.alarm_at
    touch(opportunity, as_actor(seller))
    work()
    rule.refresh_from_db()
    assert (len(runs(rule=rule, state=RuleRun.State.FAILED)), rule.alarm_at) == (2, at)
    services.save_version(rule, trigger=TRIGGER, condition=None, steps=[*steps, TASK], actor=Actor())
    rule.refresh_from_db()
    assert (rule.alarm, rule.alarm_at) == ("", None)
