"""An admin writes, tries, switches and reads rules without a line of JSON; others see what rules did within their rights."""

from __future__ import annotations

import json

import pytest

from crm.records import services as records
from crm.workflows.models import Rule, RuleRun, RuleVersion
from crm.workflows.tests.conftest import runs, set_fields, when, work

pytestmark = pytest.mark.django_db
CHANGE = "/admin/workflows/rule/{}/change/"


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    client.cookies["django_language"] = "en"
    return client


def settings_of(rule: Rule, **more) -> dict:
    return {"name": rule.name, "principal": rule.principal_id, "position": rule.position, **more}


def test_a_rule_is_made_and_written(admin, robot, opportunity):
    made = admin.post(
        "/admin/workflows/rule/add/",
        {"name": "Big ones", "entity": "sales.opportunity", "principal": robot.pk, "position": 10},
    )
    rule = Rule.objects.get()
    assert made.url == CHANGE.format(rule.pk)
    assert admin.get(made.url).status_code == 200
    posted = settings_of(rule) | {
        "trigger-on": "changed",
        "trigger-field": "stage",
        "trigger-to": [str(opportunity.stage_id)],
        "condition": json.dumps(when("amount", "gte", "1000")),
        "tree": json.dumps([{"id": "s1"}, {"id": "s2", "then": [{"id": "n3"}], "else": [{"id": "n4"}]}, {"id": "n5"}]),
        "s1:do": "effect",
        "s1:effect": "set_fields",
        "s1:names": ["next_step", "amount"],
        "s1-next_step": "Call",
        "s1-amount": "1.2万",
        "s2:do": "if",
        "s2:when": json.dumps(when("probability", "gte", "50")),
        "n3:do": "effect",
        "n3:effect": "do:win",
        "n3:names": ["amount"],
        "n3-amount": "",
        "n4:do": "wait",
        "n4:for": "date",
        "n4:field": "close_date",
        "n4:days": "3",
        "n4:before": "1",
        "n5:do": "stop",
        "note": "first",
    }
    answer = admin.post(CHANGE.format(rule.pk), posted)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    version = RuleVersion.objects.get()
    assert version.trigger == {"on": "changed", "field": "stage", "from": [], "to": [str(opportunity.stage_id)]}
    assert version.condition == when("amount", "gte", "1000")
    assert version.steps == [
        set_fields(next_step="Call", amount="1.2万"),
        {
            "do": "if",
            "when": when("probability", "gte", "50"),
            "then": [{"do": "effect", "effect": "do:win", "params": {"amount": ""}}],
            "else": [{"do": "wait", "for": "date", "working": False, "days": -3, "field": "close_date", "at": ""}],
        },
        {"do": "stop"},
    ]
    page = admin.get(CHANGE.format(rule.pk)).content.decode()
    assert "1.2万" in page and "becomes" in page and "Amount ≥" in page
    assert 'name="s1-next_step"' in page and 'value="Call"' in page
    again = admin.post(CHANGE.format(rule.pk), posted)
    assert again.status_code == 302 and RuleVersion.objects.count() == 1
    switched = admin.post(CHANGE.format(rule.pk), posted | {"switch": "on"})
    assert switched.status_code == 302 and Rule.objects.get().active


def test_what_is_wrong_is_said_and_kept_on_the_page(admin, make_rule):
    rule = make_rule({"on": "created"}, set_fields(next_step="Call"))
    answer = admin.post(
        CHANGE.format(rule.pk),
        settings_of(rule)
        | {
            "trigger-on": "date",
            "tree": json.dumps([{"id": "s1"}]),
            "s1:do": "effect",
            "s1:effect": "set_fields",
            "s1:names": ["amount"],
            "s1-amount": "a lot",
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose a date." in page and "a lot" in page and "Step 1" in page
    assert rule.versions.count() == 1
    broken = admin.post(CHANGE.format(rule.pk), settings_of(rule) | {"tree": "[{", "trigger-on": "created"})
    assert broken.status_code == 422


def test_parts_of_the_editor(admin, make_rule):
    rule = make_rule({"on": "created"}, set_fields(next_step="Call"))
    base = f"/admin/workflows/rule/{rule.pk}/"
    for query in (
        "do=effect&effect=set_fields",
        "do=effect&effect=do:lose",
        "do=if",
        "do=wait&for=condition",
        "do=stop",
    ):
        answer = admin.get(f"{base}step/?id=n1&{query}")
        assert answer.status_code == 200 and 'data-step="n1"' in answer.content.decode()
    assert 'name="n1-amount"' in admin.get(f"{base}field/?id=n1&name=amount").content.decode()
    assert admin.get(f"{base}field/?id=n1&name=vanished").status_code == 404
    assert admin.get(f"{base}step/?id=n1'><script&do=if").status_code == 404
    for on in (
        "created",
        "changed&trigger-field=stage",
        "stage",
        "kind",
        "date",
        "schedule&trigger-every=week",
        "hand",
    ):
        assert admin.get(f"{base}trigger/?trigger-on={on}").status_code == 200


def test_a_dry_run_of_what_is_being_written(admin, make_rule, opportunity, seller, as_actor):
    rule = make_rule({"on": "created"}, set_fields(next_step="Call"))
    opportunity.amount = 7000
    records.save(opportunity, actor=as_actor(seller))
    posted = settings_of(rule) | {
        "trigger-on": "changed",
        "tree": '[{"id": "s1"}]',
        "s1:do": "effect",
        "s1:effect": "set_fields",
        "s1:names": "next_step",
        "s1-next_step": "Offer it",
    }
    page = admin.post(f"/admin/workflows/rule/{rule.pk}/dry-run/", posted).content.decode()
    assert "Offer it" in page and "Pump station" in page and rule.versions.count() == 1
    assert "Pump station" in admin.get(f"/admin/workflows/rule/{rule.pk}/dry-run/?days=1").content.decode()
    opportunity.refresh_from_db()
    assert opportunity.next_step == ""


def test_traces_undo_versions_and_alarms(admin, make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"}, set_fields(next_step="Call"), condition=when("amount", "gte", "5")
    )
    opportunity.amount = 7000
    records.save(opportunity, actor=as_actor(seller))
    work()
    (run,) = runs(rule=rule)
    base = f"/admin/workflows/rule/{rule.pk}/"
    assert "Pump station" in admin.get(f"{base}runs/?state=done").content.decode()
    assert "Pump station" not in admin.get(f"{base}runs/?state=failed").content.decode()
    page = admin.get(f"{base}runs/{run.pk}/").content.decode()
    assert "7,000.00" in page and "Set Next step: Call." in page
    admin.post(f"{base}runs/{run.pk}/undo/")
    opportunity.refresh_from_db()
    assert opportunity.next_step == ""
    assert "This run was undone." in admin.get(f"{base}runs/{run.pk}/").content.decode()
    posted = settings_of(rule) | {"trigger-on": "created", "tree": '[{"id": "s1"}]', "s1:do": "stop"}
    assert admin.post(CHANGE.format(rule.pk), posted).status_code == 302
    page = admin.get(f"{base}versions/?left=1&right=2").content.decode()
    assert "Next step: Call" in page and "a new one is created" in page
    admin.post(f"{base}versions/1/use/")
    rule.refresh_from_db()
    assert (rule.current.number, rule.current.trigger["on"]) == (3, "changed")
    Rule.objects.filter(pk=rule.pk).update(alarm="Too often", alarm_at=run.made_at)
    assert "Too often" in admin.get("/admin/workflows/rule/").content.decode()
    admin.post(f"{base}seen/")
    admin.post(f"{base}switch/", {"active": "0"})
    rule.refresh_from_db()
    assert (rule.alarm, rule.active) == ("", False)


def test_who_may_not_change_rules_can_not(client, make_rule, seller, make_user):
    rule = make_rule({"on": "created"}, set_fields(next_step="Call"))
    staff = make_user("staff", is_staff=True)
    for user, code in ((seller, 302), (staff, 403)):
        client.force_login(user)
        for path in ("change/", "switch/", "dry-run/", "runs/", "versions/", "step/?id=n1&do=if"):
            assert client.get(f"/admin/workflows/rule/{rule.pk}/{path}").status_code == code
        client.post(f"/admin/workflows/rule/{rule.pk}/switch/", {"active": "0"})
    assert Rule.objects.get().active


def test_the_record_tells_why_within_rights(client, make_rule, opportunity, seller, other, as_actor, field_rule):
    make_rule(
        {"on": "changed", "field": "next_step"},
        set_fields(description="x"),
        condition=when("amount", "gte", "777"),
        name="Watch",
    )
    hand = make_rule({"on": "hand"}, set_fields(description="by hand"), name="Button")
    make_rule({"on": "created"}, set_fields(description="x"), name="Never")
    opportunity.amount, opportunity.next_step = 70701, "Go"
    records.save(opportunity, actor=as_actor(seller))
    work()
    url = f"/automation/sales.opportunity/{opportunity.pk}/"
    client.force_login(seller)
    page = client.get(url).content.decode()
    assert "Watch" in page and "70,701.00" in page and "Never" in page and "Button" in page
    assert url in client.get(f"/sales/opportunities/{opportunity.pk}/").content.decode()
    assert client.post(f"{url}run/{hand.pk}/").status_code == 302
    opportunity.refresh_from_db()
    assert opportunity.description == "by hand"
    field_rule(seller, "sales.opportunity", "amount", "hidden")
    page = client.get(url).content.decode()
    assert "70,701.00" not in page and "777" not in page and "•••" in page
    client.force_login(other)
    assert client.get(url).status_code == 404
    assert client.post(f"{url}run/{hand.pk}/").status_code == 404
    assert RuleRun.objects.filter(rule=hand).count() == 1
