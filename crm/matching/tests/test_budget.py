"""What looking for duplicates and holding keys costs a save."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db
TYPED = {"kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}


def costs(client, boss, name, phone):
    """The statements on tables of this room while an account is entered that looks like nothing."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.post("/customers/accounts/add/", TYPED | {"name": name, "phone": phone, "owner": boss.pk})
    assert answer.status_code == 302
    return [q["sql"] for q in asked.captured_queries if "matching_" in q["sql"]]


def test_a_save_asks_once_writes_once_and_holds_once(client, boss, rule):
    client.force_login(boss)
    costs(client, boss, "远山科技", "13800138000")  # the first one learns the rules
    assert len(costs(client, boss, "海洋贸易", "13800138001")) == 3  # the check, registrations, the keys
    rule("phone")
    costs(client, boss, "蓝天机械", "13800138002")
    assert len(costs(client, boss, "星辰食品", "13800138003")) == 4  # and the value that it alone may have
