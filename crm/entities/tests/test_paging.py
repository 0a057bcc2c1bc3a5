"""Keyset pages: every row once, in order, in both directions, whatever the values are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import signing
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.entities.paging import SALT, BadCursor, cursor_of, paginate
from crm.users.models import User
from sales.factories import make_pipeline
from sales.models import Opportunity

AMOUNTS = st.lists(
    st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("1000"), Decimal("1e10")])), max_size=30
)


class PagesProperty(TestCase):
    """Against the slow obvious order."""

    @settings(max_examples=25, deadline=None)
    @given(
        amounts=AMOUNTS,
        size=st.integers(1, 7),
        descending=st.booleans(),
        column=st.sampled_from(["amount_key", "created_at", "id"]),
    )
    def test_walking_forth_and_back_meets_every_row_once(self, amounts, size, descending, column):
        owner = User.objects.create(username="walker", name="W")
        stage = make_pipeline().stages.first()
        rows = [Opportunity(owner=owner, stage=stage, name=str(i), amount=amount) for i, amount in enumerate(amounts)]
        Opportunity.prepare(rows)
        Opportunity.objects.bulk_create(rows)
        sign = "-" if descending else ""
        everything = list(Opportunity.objects.order_by(f"{sign}{column}", f"{sign}id"))

        def page(**cursor):
            return paginate(Opportunity.objects.all(), column, descending=descending, size=size, **cursor)

        seen, last = [], page()
        seen += last.records
        while last.after:
            last = page(after=last.after)
            seen += last.records
        assert seen == everything
        back = list(last.records)
        while last.before:
            last = page(before=last.before)
            back = last.records + back
        assert back == everything
        Opportunity.objects.all().delete()
        owner.delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "a:b:c",
        "\x00",
        "é",
        signing.dumps(["name_key", "x", 1]),
        signing.dumps(["created_at", "2026-01-01", 1], salt=SALT),
    ],
    ids=["empty", "letter", "parts", "null", "accent", "other salt", "other column"],
)
def test_only_our_own_cursors_for_this_order_are_taken(cursor):
    rows = Opportunity.objects.all()
    if not cursor:
        assert paginate(rows, "name_key", descending=False, after=cursor).records == []
        return
    with pytest.raises(BadCursor):
        paginate(rows, "name_key", descending=False, after=cursor)


@pytest.mark.django_db
def test_a_page_is_one_walk_along_the_index(django_assert_num_queries, rep):
    stage = make_pipeline().stages.first()
    rows = [Opportunity(owner=rep, stage=stage, name=str(i)) for i in range(5)]
    Opportunity.prepare(rows)
    Opportunity.objects.bulk_create(rows)
    with django_assert_num_queries(1) as found:
        page = paginate(
            Opportunity.objects.all(), "name_key", descending=False, after=cursor_of(rows[1], "name_key"), size=2
        )
    assert [r.name for r in page.records] == ["2", "3"]
    sql = found.captured_queries[0]["sql"]
    assert "COUNT" not in sql
    assert "OFFSET" not in sql
    assert '("sales_opportunity"."name_key", "sales_opportunity"."id") >' in sql
