"""The demo company's rules can be written and switched on."""

import pytest

from crm.workflows.demo import RULES, make_rules
from crm.workflows.models import Rule

pytestmark = pytest.mark.django_db


def test_the_rules_of_the_demo_company(boss):
    make_rules(None)
    make_rules(None)
    assert [rule.active for rule in Rule.objects.all()] == [True] * len(RULES)
