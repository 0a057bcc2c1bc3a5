"""The inbox, a request's page, asking, deciding from a mail; what nobody may see is not there."""

from __future__ import annotations

import re

import pytest

from crm.access.models import Scope
from crm.approvals import services
from crm.approvals.models import ApprovalInstance, ApprovalStep, ApprovalTask
from crm.approvals.tests.conftest import approve, ask, node, open_task
from crm.approvals.tokens import mail_address
from crm.entities import effects
from crm.entities.entity import registry
from crm.notifications.models import Notification
from crm.records.actor import Actor
from sales.models import Opportunity

pytestmark = pytest.mark.django_db
OPPORTUNITY = registry["sales.opportunity"]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_user(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


def text(answer) -> str:
    return answer.content.decode()


def page(instance) -> str:
    return f"/approvals/{instance.pk}/"


# Asking


def test_the_route_is_shown_before_it_is_sent(as_user, seller, signers, opportunity, make_process):
    process = make_process(node(signers[0], name="Lawyers"), node(by="superior", name="Boss"))
    browser = as_user(seller)
    record = text(browser.get(OPPORTUNITY.url("record", opportunity.pk)))
    address = f"/approvals/ask/sales.opportunity/{opportunity.pk}/"
    assert address in record
    dialog = text(browser.get(address, headers=HTMX))
    assert "Lawyers" in dialog and "Signer 0" in dialog and "王总" in dialog
    answer = browser.post(f"{address}{process.pk}/", {"comment": "Please"}, headers=HTMX)
    instance = ApprovalInstance.objects.get()
    assert answer.status_code == 204 and answer["HX-Redirect"] == page(instance)
    again = browser.post(f"{address}{process.pk}/", {"comment": "Please"})
    assert again.status_code == 302 and ApprovalInstance.objects.count() == 1
    shown = text(browser.get(OPPORTUNITY.url("record", opportunity.pk)))
    assert "Under approval" in shown and "asked for approval" in shown


def test_who_may_not_change_it_may_not_ask(as_user, signers, stranger, opportunity, make_process):
    process = make_process(node(signers[0]))
    address = f"/approvals/ask/sales.opportunity/{opportunity.pk}/{process.pk}/"
    assert as_user(signers[1]).post(address, {"comment": "x"}).status_code == 403
    assert as_user(stranger).post(address, {"comment": "x"}).status_code == 404
    assert not ApprovalInstance.objects.exists()


def test_a_verb_waits_for_its_approval_and_is_done_then(as_user, seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]), values={"verb": "win", "by_hand": False})
    refused = as_user(seller).post(OPPORTUNITY.url("action", opportunity.pk, "win"), {"amount": "77000"})
    assert refused.status_code == 422 and "needs" in text(refused)
    link = re.search(r'href="(/approvals/ask/[^"]+)"', text(refused)).group(1).replace("&amp;", "&")
    assert as_user(seller).get(link).status_code == 200
    assert as_user(seller).post(link, {"comment": ""}).status_code == 302
    instance = ApprovalInstance.objects.get()
    assert instance.process == process and instance.carry["effect"] == "do:win"
    approve(instance, signers[0])
    assert (Opportunity.objects.get().state, Opportunity.objects.get().amount) == ("won", 77_000)


def test_started_as_an_effect(seller, signers, robot, opportunity, make_process):
    process = make_process(node(signers[0]))
    params = {"process": str(process.pk), "requester": "owner", "note": "By rule"}
    effects.perform("start_approval", opportunity, params, actor=Actor(robot, "rule:1"))
    instance = ApprovalInstance.objects.get()
    assert (instance.requester, instance.note) == (seller, "By rule")
    assert "Process 0" in effects.describe("start_approval", OPPORTUNITY, params, robot)


# The inbox


def test_four_lists_and_the_count(as_user, seller, signers, opportunity, make_process):
    one, two, _three = signers
    instance = ask(make_process(node(two, kind="copy"), node(one)), opportunity, seller)
    assert text(as_user(one).get("/approvals/count/")) == "1"
    assert "Pump station" in text(as_user(one).get("/approvals/"))
    assert "Pump station" in text(as_user(one).get("/"))
    assert "Pump station" in text(as_user(seller).get("/approvals/?tab=mine"))
    assert "Pump station" in text(as_user(two).get("/approvals/?tab=copies"))
    assert as_user(two).get(page(instance)).status_code == 200
    assert ApprovalTask.objects.get(kind="copy").seen_at is not None
    answer = as_user(one).post(
        f"/approvals/task/{open_task(instance).pk}/do/approve/", {"comment": "ok", "next": "inbox"}
    )
    assert answer.status_code == 302 and answer.url == "/approvals/"
    assert text(as_user(one).get("/approvals/count/")) == ""
    assert "Pump station" in text(as_user(one).get("/approvals/?tab=done"))


def test_every_verb_asks_and_does(as_user, seller, signers, opportunity, make_process):
    one, two, three = signers
    instance = ask(make_process(node(one, key="a"), node(two, key="b")), opportunity, seller)
    browser = as_user(one)
    task = f"/approvals/task/{open_task(instance).pk}/do/"
    for verb in ("approve", "reject", "back", "transfer", "add"):
        assert browser.get(f"{task}{verb}/", headers=HTMX).status_code == 200, verb
        assert browser.get(f"{task}{verb}/").status_code == 200, verb
    assert browser.post(f"{task}reject/", {}).status_code == 422
    assert browser.post(f"{task}add/", {"person": three.pk, "when": "after"}).status_code == 302
    assert browser.post(f"{task}add/", {"person": three.pk, "when": "after"}).status_code == 422
    assert browser.post(f"{task}approve/", {}).status_code == 302
    assert (
        as_user(three).post(f"/approvals/task/{open_task(instance).pk}/do/transfer/", {"person": two.pk}).status_code
        == 302
    )
    own = f"/approvals/{instance.pk}/do/"
    for verb in ("note", "copy", "withdraw"):
        assert as_user(seller).get(f"{own}{verb}/", headers=HTMX).status_code == 200, verb
    assert as_user(seller).post(f"{own}note/", {"comment": "Hurry"}).status_code == 302
    assert as_user(seller).post(f"{own}copy/", {"person": one.pk, "comment": ""}).status_code == 302
    assert as_user(seller).post(f"{own}remind/").status_code == 302
    late = f"/approvals/task/{ApprovalTask.objects.get(user=one, kind='sign').pk}/do/reject/"
    assert as_user(one).post(late, {"comment": "no"}).status_code == 409
    assert as_user(one).post(f"{own}withdraw/", {}).status_code == 403
    assert as_user(seller).post(f"{own}withdraw/", {}).status_code == 302
    done = list(ApprovalStep.objects.filter(instance=instance).values_list("did", flat=True))
    assert done == ["asked", "added", "approved", "transferred", "noted", "copied", "reminded", "withdrawn"]


def test_signing_with_changes_is_one(as_user, seller, signers, opportunity, make_process, grant):
    one = signers[0]
    grant(one, "sales.opportunity", change=Scope.ALL)
    instance = ask(make_process(node(one, edits=["next_step"])), opportunity, seller)
    assert 'name="next_step"' in text(as_user(one).get(page(instance)))
    task = f"/approvals/task/{open_task(instance).pk}/do/approve/"
    stale = {"with_edits": "1", "version": "999", "next_step": "x", "comment": ""}
    assert as_user(one).post(task, stale).status_code == 302
    instance.refresh_from_db()
    assert instance.state == "running" and Opportunity.objects.get().next_step == ""
    good = {"with_edits": "1", "version": str(Opportunity.objects.get().version), "next_step": "Checked", "amount": "1"}
    assert as_user(one).post(task, good).status_code == 302
    instance.refresh_from_db()
    found = Opportunity.objects.get()
    assert (instance.state, found.next_step, found.amount) == ("approved", "Checked", 50_000)


# What nobody may see


def test_who_has_no_rights_sees_what_the_node_opens_and_nothing_after(
    as_user, seller, stranger, opportunity, make_process
):
    instance = ask(make_process(node(stranger, opens=["amount"])), opportunity, seller)
    browser = as_user(stranger)
    seen = text(browser.get(page(instance)))
    assert "50,000" in seen and "Pump station" not in seen and seller.name in seen
    assert "Pump station" not in text(browser.get("/approvals/")) + text(browser.get("/"))
    assert browser.get(OPPORTUNITY.url("record", opportunity.pk)).status_code in {403, 404}
    notice = Notification.objects.get(user=stranger)
    assert notice.record_id is None and "Pump" not in notice.text + str(notice.data)
    inbox = text(browser.get("/notifications/"))
    assert "asks for your approval" in inbox and "Pump station" not in inbox
    browser.post(f"/approvals/task/{open_task(instance).pk}/do/approve/", {"comment": "ok"})
    instance.refresh_from_db()
    assert instance.state == "approved"
    after = text(browser.get(page(instance)))
    assert "50,000" not in after and "Pump station" not in after
    assert "Pump station" not in text(browser.get("/approvals/?tab=done"))


def test_the_name_is_shown_where_the_node_opens_it(as_user, seller, stranger, opportunity, make_process):
    ask(make_process(node(stranger, opens=["name"])), opportunity, seller)
    assert "Pump station" in text(as_user(stranger).get("/approvals/"))


def test_hidden_and_masked_fields_stay_so_unless_opened(
    as_user, seller, signers, opportunity, make_process, field_rule
):
    one = signers[0]
    field_rule(one, "sales.opportunity", "amount", "hidden")
    closed = ask(make_process(node(one)), opportunity, seller)
    assert "50,000" not in text(as_user(one).get(page(closed)))
    services.withdraw(closed, actor=Actor(seller))
    opened = ask(make_process(node(one, opens=["amount"])), opportunity, seller)
    assert "50,000" in text(as_user(one).get(page(opened)))
    assert "50,000" not in text(as_user(one).get(OPPORTUNITY.url("record", opportunity.pk)))


def test_others_find_nothing(as_user, seller, signers, stranger, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller)
    task = open_task(instance).pk
    browser = as_user(stranger)
    assert browser.get(page(instance)).status_code == 404
    for verb in ("approve", "reject", "back", "transfer", "add", "x"):
        assert browser.get(f"/approvals/task/{task}/do/{verb}/").status_code == 404
        assert browser.post(f"/approvals/task/{task}/do/{verb}/", {"comment": "x"}).status_code == 404
    for verb in ("withdraw", "again", "remind", "unlock", "copy", "note"):
        assert browser.post(f"/approvals/{instance.pk}/do/{verb}/", {"comment": "x"}).status_code == 404
    # Whoever sees the record sees the request, and still decides nothing.
    onlooker = as_user(signers[1])
    assert onlooker.get(page(instance)).status_code == 200
    assert onlooker.post(f"/approvals/task/{task}/do/approve/", {}).status_code == 403
    for verb in ("withdraw", "again", "unlock"):
        assert onlooker.post(f"/approvals/{instance.pk}/do/{verb}/", {"comment": "x"}).status_code == 403
    assert list(ApprovalStep.objects.values_list("did", flat=True)) == ["asked"]


# From a mail


def test_a_mail_opens_a_page_and_only_its_button_decides(client, seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0], opens=["amount"])), opportunity, seller)
    task = open_task(instance)
    link = Notification.objects.get(user=signers[0]).data["mail_url"]
    for _again in range(2):
        shown = client.get(link)
        assert shown.status_code == 200 and "Pump station" in text(shown) and "50,000" in text(shown)
    assert shown["Referrer-Policy"] == "same-origin" and "no-store" in shown["Cache-Control"]
    task.refresh_from_db()
    assert task.state == "open"
    assert client.post(link, {"verdict": "x", "comment": ""}).status_code == 422
    assert client.post(link, {"verdict": "reject", "comment": " "}).status_code == 422
    assert client.post(link, {"verdict": "approve", "comment": "by mail"}).status_code == 200
    instance.refresh_from_db()
    assert instance.state == "approved" and ApprovalStep.objects.get(did="approved").actor == signers[0]
    used = client.get(link)
    assert used.status_code == 410 and "50,000" not in text(used)


def test_a_token_is_for_one_person_and_one_decision(client, seller, signers, opportunity, make_process, settings):
    one, two, _three = signers
    instance = ask(make_process(node(one)), opportunity, seller)
    task = open_task(instance)
    assert client.get(mail_address(task, two)).status_code == 410
    link = mail_address(task, one)
    for broken in (
        link[:-2] + "/",
        "/approvals/mail/x/",
        "/approvals/mail/" + "a:" * 200 + "/",
        "/approvals/mail/%00/",
    ):
        assert client.get(broken).status_code == 404, broken
        assert client.post(broken, {"verdict": "approve"}).status_code == 404, broken
    instance.process.by_mail = False
    instance.process.save()
    assert client.post(link, {"verdict": "approve", "comment": ""}).status_code == 404
    instance.process.by_mail = True
    instance.process.save()
    one.is_active = False
    one.save()
    assert client.post(link, {"verdict": "approve", "comment": ""}).status_code == 404
    task.refresh_from_db()
    assert task.state == "open"


# Hostile input


def test_nothing_breaks(as_user, seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]))
    browser = as_user(seller)
    base = f"/approvals/ask/sales.opportunity/{opportunity.pk}/{process.pk}/"
    for query in ("?to=x", "?to=999", "?p-amount=%00", "?p-=1", "?verb=drop"):
        assert browser.get(base + query).status_code == 200, query
    for address in ("?tab=x", "?from=-1", "?from=99999999999999", "?from=٣", "?tab=mine&from=5"):
        assert browser.get(f"/approvals/{address}").status_code == 200, address
    assert browser.post(base, {"comment": "x" * 6000}).status_code == 422
    assert browser.post(base, {"comment": "<script>alert(1)</script>"}).status_code == 302
    instance = ApprovalInstance.objects.get()
    shown = text(browser.get(page(instance))) + text(browser.get(OPPORTUNITY.url("record", opportunity.pk)))
    assert "<script>alert(1)" not in shown
    task = f"/approvals/task/{open_task(instance).pk}/do/"
    browser = as_user(signers[0])
    for verb, data in (
        ("back", {"to": "zzz", "comment": "x"}),
        ("transfer", {"person": "0"}),
        ("transfer", {"person": "x'"}),
        ("add", {"person": signers[1].pk, "when": "never"}),
        ("add", {"person": "99999999999999999999"}),
    ):
        assert browser.post(f"{task}{verb}/", data).status_code == 422, (verb, data)
    assert browser.get("/approvals/99999999/").status_code == 404
    assert browser.get("/approvals/task/99999999/").status_code == 404
