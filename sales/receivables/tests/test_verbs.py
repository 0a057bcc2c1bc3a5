"""Verbs on instalments are there for whoever may do what they do."""

from __future__ import annotations

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.testing import factory_of
from crm.entities.tests.conftest import may  # noqa: F401 - a fixture
from sales.receivables.models import Instalment

pytestmark = pytest.mark.django_db
LABEL = "receivables.instalment"


def test_write_off_is_offered_to_whoever_may_write_off(make_user, may):  # noqa: F811 - the fixture
    user = make_user("teller")
    may(user, LABEL, Scope.ALL)
    instalment = factory_of(LABEL)(user)

    def offered():
        user.__dict__.pop("_access", None)
        return {action.name for action in bind(registry[LABEL], user).actions_on(instalment)}

    assert "split" in offered() and "writeoff" not in offered()
    may(user, "receivables.writeoff", Scope.ALL)
    assert "writeoff" in offered()


def test_what_is_due_names_no_account_out_of_reach(client, make_user, may):  # noqa: F811 - the fixture
    user = make_user("teller")
    may(user, LABEL, Scope.ALL)
    instalment = factory_of(LABEL)(user)
    today = timezone.localdate()
    Instalment.objects.filter(pk=instalment.pk).update(due_on=today, due_key=today, state="due")
    instalment.refresh_from_db()
    client.force_login(user)
    name = instalment.account.name

    def told():
        user.__dict__.pop("_access", None)
        page = client.get("/home/widget/payments_due/").content.decode()
        assert page.count('class="line"') == 1
        return name in page

    assert not told()
    may(user, "customers.account", Scope.ALL)
    assert told()
