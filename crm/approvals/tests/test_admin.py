"""An admin writes a process without a line of JSON: nodes, conditions, what follows; versions; the route for a record."""

from __future__ import annotations

import json

import pytest

from crm.approvals.models import ApprovalProcess, ProcessVersion
from crm.approvals.tests.conftest import ask, node, when

pytestmark = pytest.mark.django_db
CHANGE = "/admin/approvals/approvalprocess/{}/change/"


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    client.cookies["django_language"] = "en"
    return client


def posted(process, **more) -> dict:
    return {
        "name": process.name,
        "principal": process.principal_id,
        "position": 10,
        "by_hand": "on",
        "once": "on",
    } | more


def test_a_process_is_made_and_written(admin, robot, signers, seller, opportunity, role_of):
    role = role_of("Legal", signers[2])
    made = admin.post(
        "/admin/approvals/approvalprocess/add/",
        {"name": "Contracts", "entity": "sales.opportunity", "principal": robot.pk, "position": 10},
    )
    process = ApprovalProcess.objects.get()
    assert process.by_hand and process.by_mail
    assert made.status_code == 302 and made.url == CHANGE.format(process.pk), made.content.decode()[:2000]
    page = admin.get(made.url)
    assert page.status_code == 200 and "data-cards-field" in page.content.decode()
    data = posted(
        process,
        active="on",
        verb="win",
        condition=json.dumps(when("amount", "gte", "1000")),
        nodes=json.dumps(["b", "a"]),
        approved=json.dumps(["e1"]),
        rejected="[]",
        locks=["amount"],
        note="first",
        **{
            "a:kind": "sign",
            "a:name": "Lawyers",
            "a:by": "role",
            "a:role": role.pk,
            "a:mode": "any",
            "a:when": json.dumps(when("amount", "gte", "5000")),
            "b:kind": "sign",
            "b:by": "people",
            "b:people": [signers[0].pk, signers[1].pk],
            "b:mode": "order",
            "b:hours": "8",
            "b:remind": "2",
            "b:late": "superior",
            "b:opens": ["amount"],
            "b:edits": ["next_step"],
            "e1:effect": "set_fields",
            "e1:names": ["next_step"],
            "e1-next_step": "Sign",
        },
    )
    answer = admin.post(CHANGE.format(process.pk), data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    version = ProcessVersion.objects.get()
    process.refresh_from_db()
    assert (process.active, process.verb, version.note) == (True, "win", "first")
    assert [one["key"] for one in version.nodes] == ["b", "a"]
    assert version.nodes[0]["people"] == [signers[0].pk, signers[1].pk]
    assert (version.nodes[0]["mode"], version.nodes[0]["hours"], version.nodes[0]["edits"]) == (
        "order",
        8,
        ["next_step"],
    )
    assert version.nodes[1]["when"] == when("amount", "gte", "5000")
    assert version.approved == [{"effect": "set_fields", "params": {"next_step": "Sign"}}]
    assert version.locks == ["amount"]
    page = admin.get(CHANGE.format(process.pk)).content.decode()
    assert "Lawyers" in page and "everybody with the role Legal" in page and "Amount ≥" in page
    assert admin.post(CHANGE.format(process.pk), data).status_code == 302
    assert ProcessVersion.objects.count() == 1
    route = admin.get(f"/admin/approvals/approvalprocess/{process.pk}/route/?record={opportunity.pk}")
    assert "Signer 0" in route.content.decode() and "Lawyers" in route.content.decode()
    assert admin.get("/admin/approvals/approvalprocess/").status_code == 200


def test_what_is_wrong_is_said_and_nothing_is_kept(admin, make_process, signers):
    process = make_process(node(signers[0]), active=False)
    bad = {
        "nobody": {"nodes": json.dumps(["a"]), "a:kind": "sign", "a:by": "people"},
        "only copies": {"nodes": json.dumps(["a"]), "a:kind": "copy", "a:by": "superior"},
        "garbled": {"nodes": "{", "a:by": "x"},
        "unknown": {"nodes": json.dumps(["a"]), "a:kind": "sign", "a:by": "spirits"},
        "condition": {
            "nodes": json.dumps(["a"]),
            "a:kind": "sign",
            "a:by": "superior",
            "a:when": '{"all": [{"field": "x"}]}',
        },
        "number": {"nodes": json.dumps(["a"]), "a:kind": "sign", "a:by": "superior", "a:level": "٣"},
        "effect": {
            "nodes": json.dumps(["a"]),
            "a:kind": "sign",
            "a:by": "superior",
            "approved": '["e"]',
            "e:effect": "no_such",
        },
    }
    for name, data in bad.items():
        answer = admin.post(CHANGE.format(process.pk), posted(process, active="on", **data))
        assert answer.status_code == 200, name
        assert answer.context["adminform"].form.errors, name
    assert ProcessVersion.objects.count() == 1


def test_versions_are_kept_and_used_again(admin, make_process, signers, seller, opportunity):
    process = make_process(node(signers[0], name="First"))
    ask(process, opportunity, seller)
    data = {"nodes": json.dumps(["z"]), "z:kind": "sign", "z:name": "Second", "z:by": "superior"}
    assert admin.post(CHANGE.format(process.pk), posted(process, active="on", **data)).status_code == 302
    page = admin.get(f"/admin/approvals/approvalprocess/{process.pk}/versions/").content.decode()
    assert "First" in page and "Second" in page and "1 request under way" in page
    assert admin.post(f"/admin/approvals/approvalprocess/{process.pk}/versions/1/use/").status_code == 302
    process.refresh_from_db()
    assert (process.current.number, process.current.nodes[0]["name"]) == (3, "First")


def test_cards_come_from_the_server_for_staff_alone(client, admin, rep):
    for address in (
        "/approvals/cards/node/sales.opportunity/?by=role",
        "/approvals/cards/node/sales.opportunity/?by=copy",
        "/approvals/cards/effect/sales.opportunity/?effect=set_fields&id=n1",
        "/approvals/cards/effect/sales.opportunity/?effect=set_fields&id=n1&field=amount",
        "/approvals/cards/effect/sales.opportunity/?effect=do:win&id=n1",
    ):
        assert admin.get(address).status_code == 200, address
    for address in (
        "/approvals/cards/node/sales.opportunity/?by=x",
        "/approvals/cards/effect/sales.opportunity/?effect=x&id=n1",
        "/approvals/cards/effect/sales.opportunity/?effect=set_fields&id=<",
        "/approvals/cards/effect/no.such/?effect=set_fields&id=n1",
    ):
        assert admin.get(address).status_code == 404, address
    client.force_login(rep)
    assert client.get("/approvals/cards/node/sales.opportunity/?by=role").status_code == 403
