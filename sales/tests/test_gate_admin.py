"""Gates are written in the administration without a line of JSON, and read in words on the pipeline's page."""

from __future__ import annotations

import json

import pytest

from crm.access.models import Role, Scope
from sales.factories import make_pipeline, make_stage
from sales.models import StageGate

pytestmark = pytest.mark.django_db
ADD = "/admin/sales/stagegate/add/"


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    client.cookies["django_language"] = "en"
    return client


def posted(**more) -> dict:
    pipeline = make_pipeline()
    data = {"pipeline": pipeline.pk, "to_stage": make_stage("合同谈判").pk, "active": "on", "effects": "[]"}
    return data | {"_save": "1"} | more


def test_a_gate_is_written_and_read_in_words(admin, make_user, grant):
    robot = make_user("robot")
    grant(robot, "sales.opportunity", view=Scope.ALL, change=Scope.ALL)
    role = Role.objects.create(name="Closers", code="closers")
    page = admin.get(f"{ADD}?pipeline={make_pipeline().pk}")
    assert page.status_code == 200 and "data-cards-field" in page.content.decode()
    data = posted(
        from_stage=make_stage("方案设计").pk,
        roles=[role.pk],
        needs=["amount", "close_date"],
        condition=json.dumps({"all": [{"field": "amount", "op": "gte", "value": "1000"}]}),
        principal=robot.pk,
        effects=json.dumps(["e1"]),
        **{
            "activities-kind": ["visit", "", ""],
            "activities-count": ["2", "1", "1"],
            "e1:effect": "set_fields",
            "e1:names": ["next_step"],
            "e1-next_step": "Call",
        },
    )
    answer = admin.post(ADD, data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    gate = StageGate.objects.get()
    assert (gate.needs, gate.activities) == (["amount", "close_date"], [{"kind": "visit", "count": 2}])
    assert gate.effects == [{"effect": "set_fields", "params": {"next_step": "Call"}}]
    assert list(gate.roles.all()) == [role] and gate.principal == robot
    words = admin.get(answer.url).content.decode()
    for text in ("Only for: Closers", "Filled in: Amount、Close date", "If Amount ≥", "2 × Visit", "Then: Set fields"):
        assert text in words, text
    shown = admin.get(f"/admin/sales/stagegate/{gate.pk}/change/").content.decode()
    assert 'value="Call"' in shown and 'name="activities-count" value="2"' in shown


def test_what_is_wrong_is_said(admin):
    other = make_stage("方案设计", make_pipeline("其他流程"))
    bad = {
        "empty": {},
        "nobody acts": {"effects": '["e"]', "e:effect": "set_fields", "e:names": "next_step", "e-next_step": "x"},
        "foreign": {"from_stage": other.pk, "needs": ["amount"]},
        "same": {"from_stage": make_stage("合同谈判").pk, "needs": ["amount"]},
        "activity": {"activities-kind": "dance", "activities-count": "1"},
        "count": {"activities-kind": "visit", "activities-count": "0"},
        "field": {"needs": ["no_such"]},
        "condition": {"condition": '{"all": [{"field": "nope"}]}'},
    }
    for name, data in bad.items():
        answer = admin.post(ADD, posted(**data))
        assert answer.status_code == 200 and answer.context["adminform"].form.errors, name
    assert not StageGate.objects.exists()
