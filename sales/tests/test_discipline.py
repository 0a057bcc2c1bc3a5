"""What keeps sales moving: the day limit of a stage, the next step, large deals, renewals, a superior's word, the playbook."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.notifications.models import Notification
from crm.records.dispatch import dispatch
from crm.workflows.demo import RULES
from crm.workflows.tests.conftest import make_rule, robot, work  # noqa: F401 - fixtures
from customers.factories import make_account
from sales.factories import make_opportunity, make_pipeline
from sales.models import Opportunity, Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss_of(rep, make_user, grant):
    """The rep's superior, who sees the rep's sales."""
    chief = make_user("chief", name="周明远")
    for user, scope in ((rep, Scope.OWN), (chief, Scope.ALL)):
        for label in ("sales.opportunity", "customers.account", "activities.task"):
            grant(user, label, view=scope, add=scope, change=scope)
        grant(user, "activities.comment", view=scope, add=scope)
    rep.manager = chief
    rep.save()
    return chief


@pytest.fixture
def deal(rep, boss_of):
    make_pipeline()
    return make_opportunity(owner=rep, account=make_account(owner=rep), next_step="", next_step_on=None)


def test_a_sale_that_lies_too_long_and_has_no_next_step_says_so(client, rep, deal):
    Stage.objects.filter(pk=deal.stage_id).update(rotting_days=14)
    client.force_login(rep)
    account = f"/customers/accounts/{deal.account_id}/"
    page = client.get(account).content.decode()
    assert "next step" in page.lower() and str(deal) in page
    Opportunity.objects.filter(pk=deal.pk).update(stage_entered_at=timezone.now() - timedelta(days=15))
    assert "15 days" in client.get(f"/sales/opportunities/{deal.pk}/").content.decode()
    edited = {"next_step": "现场勘测", "next_step_on": timezone.localdate().isoformat()}
    fields = {
        "name": deal.name,
        "account": deal.account_id,
        "stage": deal.stage_id,
        "currency": "CNY",
        "version": deal.version,
    }
    assert client.post(f"/sales/opportunities/{deal.pk}/edit/", fields | edited).status_code == 302
    assert "现场勘测" in client.get(f"/sales/opportunities/{deal.pk}/").content.decode()


def test_the_superior_hears_of_a_large_sale_once(client, rep, deal, boss_of, make_rule):  # noqa: F811 - the fixture
    _label, _name, trigger, condition, steps = next(rule for rule in RULES if rule[1] == "大额商机：主管参与")
    make_rule(trigger, *steps, condition=condition)
    client.force_login(rep)

    def type_amount(amount):
        now = Opportunity.objects.get(pk=deal.pk)
        fields = {"name": now.name, "account": now.account_id, "stage": now.stage_id, "currency": "CNY"}
        sent = client.post(f"/sales/opportunities/{deal.pk}/edit/", fields | {"version": now.version, "amount": amount})
        assert sent.status_code == 302
        work()
        return Notification.objects.filter(user=boss_of, record_id=deal.pk).count(), Task.objects.filter(
            owner=boss_of
        ).count()

    assert type_amount("999999") == (0, 0)
    told, tasks = type_amount("1000000")
    assert told >= 1 and tasks == 1


def test_the_superiors_comment_reaches_the_owner_and_the_playbook_is_read(client, rep, deal, boss_of):
    Stage.objects.filter(pk=deal.stage_id).update(playbook="先确认预算与决策人")
    client.force_login(boss_of)
    assert (
        client.post(
            f"/activities/add/sales.opportunity/{deal.pk}/", {"kind": "comment", "text": f"@{rep.name} 先约总工"}
        ).status_code
        == 302
    )
    dispatch()
    assert Notification.objects.filter(user=rep, record_id=deal.pk).exists()
    client.force_login(rep)
    page = client.get(f"/sales/opportunities/{deal.pk}/").content.decode()
    assert "先确认预算与决策人" in page and "先约总工" in page
