"""Whatever can point at a record moves when records are merged, or says why it stays: asked of every table there is."""

import pytest
from django.db import models

from crm.entities.entity import registry
from crm.matching.merging.links import links_to, partner_of, tables, why_staying
from crm.matching.merging.services import mergeable
from crm.records.models import Record

pytestmark = pytest.mark.django_db

# Columns with a number that names no record of an entity: what they are instead.
NO_RECORDS = {
    ("search.searchrow", "owner_id"): "a user",
    ("search.searchrow", "department_id"): "a department",
    ("workflows.rulerun", "entry_id"): "an entry",
    ("workflows.rulerun", "parent_id"): "another run",
    ("ownership.pooluse", "record_id"): "what a day's limit counted, of whatever became of it",
    ("ownership.recycleverdict", "record_id"): "what a rule decided, once a moment; goes with the rule",
}


def test_every_foreign_key_to_a_record_moves_or_says_why_not():
    told = {}
    for model in tables():
        for field in model._meta.concrete_fields:
            target = field.related_model if field.is_relation else None
            if target is None or not issubclass(target, Record) or not mergeable(registry[target._meta.label_lower]):
                continue
            ways = {link.column for link in links_to(target._meta.label_lower).get(model, [])}
            why = why_staying(model, field.name)
            told[f"{model._meta.label}.{field.name}"] = (field.attname in ways) != (why is not None)
    assert len(told) >= 15
    assert [name for name, one in told.items() if not one] == []


def test_every_pair_of_columns_that_names_a_record_moves_or_says_why_not():
    lost = []
    ways = {(link.model, link.column) for links in links_to("customers.account").values() for link in links}
    for model in tables():
        label = model._meta.label_lower
        for field in model._meta.concrete_fields:
            number = isinstance(field, models.BigIntegerField) and not isinstance(field, models.BigAutoField)
            if (
                not number
                or (label, field.name) in NO_RECORDS
                or not field.name.endswith("_id")
                or label.startswith(("admin.", "django_"))
            ):
                continue
            if (model, field.name) not in ways and why_staying(model, field.name) is None:
                lost.append(f"{label}.{field.name}")
    assert lost == []


def test_what_is_named_by_a_pair_has_both_columns():
    for entity in registry.values():
        for model, links in links_to(entity.label).items():
            names = {field.name for field in model._meta.concrete_fields}
            assert all(not link.pair or {link.pair, partner_of(link.pair)} <= names for link in links)


@pytest.mark.parametrize("label", ["customers.account", "customers.contact", "sales.opportunity", "sales.lead"])
def test_reasons_are_no_excuse_for_what_moves(label):
    assert all(why_staying(model, link.name) is None for model, links in links_to(label).items() for link in links)
