"""Numbers stay without gaps and doubles whoever dies when. ``CREATES=200`` runs the wide one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from crm.tests.processes import environment
from customers.factories import make_account
from sales.contracts.models import Contract
from sales.invoicing.models import Invoice
from sales.invoicing.tests.test_together import invoice_numbers  # noqa: F401 - a fixture
from sales.orders.models import Order
from sales.receivables.models import Payment
from sales.receivables.tests.test_together import sequences  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)
CREATES = int(os.environ.get("CREATES", "5"))
NUMBERED = (Contract, Order, Invoice, Payment)


def test_numbers_have_no_gaps_when_makers_are_killed(tmp_path):
    make_account()
    begun = timezone.now()
    command = [
        sys.executable,
        "-m",
        "sales.receivables.tests.makers",
        str(tmp_path / "told"),
        str(CREATES * len(NUMBERED)),
    ]
    done = subprocess.run(command, env=environment(), cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    alone(begun)
    told, there = (tmp_path / "told").read_text().split(), []
    for model in NUMBERED:
        numbers = sorted(model._base_manager.values_list("number", flat=True))
        assert [int(number[-5:]) for number in numbers] == list(range(1, len(numbers) + 1))
        there += numbers
    assert len(told) == len(set(told)) >= CREATES * len(NUMBERED)
    assert set(told) <= set(there)
    orders = Order._base_manager.values("contract").annotate(many=Count("pk"))
    assert set(orders.values_list("many", flat=True)) == {1}
    assert int(done.stdout) > 0
    print(f"{len(there)} numbers, {len(told)} told, {done.stdout.strip()} kills")


def alone(begun: datetime) -> None:
    """Wait until the database has seen that whoever was killed is gone: those who came since the makers began."""
    others = "select count(*) from pg_stat_activity where datname = current_database() and backend_start > %s"
    with connection.cursor() as cursor:
        for _try in range(100):
            cursor.execute(others, [begun])
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.1)
    raise AssertionError("somebody is still at work")
