"""Pools in Django admin: made, filled with members and rules, looked at before they do anything."""

from __future__ import annotations

from threading import Thread

import pytest
from django.contrib.admin import site

from crm.ownership.models import AssignmentRule, HoldingLimit, Pool, RecycleRule
from sales.factories import make_lead

pytestmark = pytest.mark.django_db
ADD = "/admin/ownership/pool/add/"


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    return client


def inlines(**given) -> dict:
    counts = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
    return {f"{name}-{key}": value for name in ("members", "recycle_rules") for key, value in counts.items()} | given


def test_a_pool_is_made_and_then_gets_its_rules(admin, people):
    asked = {
        "entity": "sales.lead",
        "name": "East",
        "position": "1",
        "active": "on",
        "cool_down_days": "0",
        "fresh_hours": "0",
    }
    member = {"members-TOTAL_FORMS": "1", "members-0-user": people[0].pk, "members-0-keeper": "on"}
    assert admin.post(ADD, asked | inlines(**member)).status_code == 302
    pool = Pool.objects.get()
    assert pool.members.get().keeper
    page = f"/admin/ownership/pool/{pool.pk}/change/"
    shown = admin.get(page)
    assert shown.status_code == 200 and b"hidden until claimed" in shown.content.lower()
    rule = {
        "recycle_rules-TOTAL_FORMS": "1", "recycle_rules-0-counted_from": "activity", "recycle_rules-0-days": "30",
        "recycle_rules-0-unit": "working_days", "recycle_rules-0-warn_days": "3", "recycle_rules-0-active": "on",
    }  # fmt: skip
    done = admin.post(page, asked | {"hidden": ["mobile"]} | inlines(**rule))
    assert done.status_code == 302, done.context["errors"]
    assert Pool.objects.get().hidden == ["mobile"]
    assert RecycleRule.objects.get().unit == "working_days"


def test_the_outlook_counts_and_writes_nothing(admin, people, make_pool):
    pool = make_pool(people[0])
    RecycleRule.objects.create(pool=pool, counted_from="held", days=1)
    lead = make_lead(owner=people[0], name="Pond")
    type(lead).objects.filter(pk=lead.pk).update(held_since="2026-01-01T00:00:00Z")
    page = admin.get(f"/admin/ownership/pool/{pool.pk}/outlook/")
    assert page.status_code == 200 and "Pond" in page.content.decode()
    assert page.context["lines"][0][2].due == 1
    lead.refresh_from_db()
    assert lead.owner == people[0]


def test_lists_and_limits_open(admin, make_pool):
    make_pool()
    HoldingLimit.objects.create(entity="sales.lead", most=5)
    for page in ("pool/", "holdinglimit/", "holdinglimit/add/", "assignmentrule/add/"):
        assert admin.get(f"/admin/ownership/{page}").status_code == 200, page


def test_lists_say_what_is_wrong_with_a_condition_and_live_on_without_the_entity(admin):
    broken = {"all": [{"field": "gone", "op": "is", "value": "1"}]}
    Pool.objects.create(entity="sales.lead", name="Broken", condition=broken)
    rule = AssignmentRule.objects.create(entity="sales.lead", name="Broken", condition=broken)
    pool = Pool.objects.create(entity="custom.gone", name="Gone")
    AssignmentRule.objects.filter(pk=rule.pk).update(active=False)
    gone = AssignmentRule.objects.create(entity="custom.gone", name="Gone")
    assert admin.get("/admin/ownership/pool/").status_code == 200
    assert admin.get("/admin/ownership/assignmentrule/").status_code == 200
    assert admin.get(f"/admin/ownership/pool/{pool.pk}/outlook/").status_code == 404
    assert admin.get(f"/admin/ownership/assignmentrule/{gone.pk}/preview/").status_code == 404


def test_two_who_read_at_once_each_read_as_themselves(rf, people, boss):
    of_pools = site.get_model_admin(Pool)

    def read_by(user):
        request = rf.get("/admin/ownership/pool/")
        request.user = user
        of_pools.get_list_display(request)

    read_by(boss)
    other = Thread(target=read_by, args=[people[0]])
    other.start()
    other.join()
    assert of_pools.reader == boss
