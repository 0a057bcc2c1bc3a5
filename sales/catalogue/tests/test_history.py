"""What the history of lines says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm.access.models import Scope
from crm.entities.changes import read_changes
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from sales.catalogue.models import OpportunityLine
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db


def test_numbers_are_written_as_people_read_them(rep, grant):
    for label in ("sales.opportunity", "catalogue.opportunityline"):
        grant(rep, label, view=Scope.OWN)
    line = OpportunityLine(document=make_opportunity(owner=rep), name="泵", quantity=Decimal(1), unit_price=5)
    records.save(line, actor=Actor(rep))
    line = OpportunityLine.objects.get(pk=line.pk)
    line.quantity, line.tax_rate, line.unit_price = Decimal("1200.5"), Decimal(10), Decimal("7.5")
    records.save(line, actor=Actor(rep))
    entry = Entry.objects.filter(entity="catalogue.opportunityline", record_id=line.pk).latest("pk")
    told = {change.name: (change.old, change.new) for change in read_changes(rep, [entry])[entry.pk]}
    assert told["quantity"] == ("1", "1,200.5")
    assert told["tax_rate"] == ("13", "10")
    assert told["unit_price"][1].startswith("7.5")
