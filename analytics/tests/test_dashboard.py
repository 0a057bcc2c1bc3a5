"""The numbers of the dashboard beside slow and obvious ones, and behind each its rows."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils.timezone import localdate, now

from analytics.dashboard import Dashboard
from analytics.filters import PERIODS
from analytics.tests.conftest import DEAL
from crm.access import policy
from crm.access.models import Scope
from crm.users.models import Department, Membership, Team, User
from sales.factories import make_opportunity
from sales.models import Opportunity

pytestmark = pytest.mark.django_db


def dashboard(user, pipeline, **asked):
    params = QueryDict(mutable=True)
    params.update({name: str(value) for name, value in {"pipeline": pipeline.pk, **asked}.items()})
    return Dashboard(User.objects.get(pk=user.pk), params, localdate())


def seen(user, pipeline):
    """Asking the policy for one record after the other."""
    user = User.objects.get(pk=user.pk)
    rows = Opportunity.objects.filter(pipeline=pipeline).select_related("stage", "source", "owner")
    return [row for row in rows if policy.can_record(user, row, "view")]


def tally(rows):
    """How many, and the sums of each currency without the zeros."""
    sums = defaultdict(Decimal)
    for row in rows:
        if row.amount:
            sums[row.currency] += row.amount
    return len(rows), dict(sums)


def told(found):
    return found.count, {currency: amount for currency, amount in found.sums.items() if amount}


def won_in(rows, days):
    return [
        r for r in rows if r.state == "won" and (days is None or r.close_date and days[0] <= r.close_date <= days[1])
    ]


@pytest.mark.parametrize("who", ["rep", "lead", "chief"])
@pytest.mark.parametrize("period", PERIODS)
def test_what_was_won_is_what_one_may_see(company, pipeline, who, period):
    board = dashboard(company[who], pipeline, period=period)
    rows = won_in(seen(company[who], pipeline), board.days)
    by_month, by_owner, by_source = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in rows:
        by_month[f"{row.close_date:%Y-%m}" if row.close_date else "Without"].append(row)
        by_owner[row.owner.name].append(row)
        by_source[row.source.name if row.source else "Without"].append(row)
    for found, expected in ((board.months, by_month), (board.reps, by_owner), (board.sources, by_source)):
        assert {str(label): told(t) for label, t in found if t.count} == {k: tally(v) for k, v in expected.items()}


@pytest.mark.parametrize("who", ["rep", "lead", "chief"])
def test_the_funnel_is_what_one_may_see(company, pipeline, who):
    rows = [r for r in seen(company[who], pipeline) if r.state == "open"]
    assert rows
    for step in dashboard(company[who], pipeline).moving:
        here = [r for r in rows if r.stage == step.stage]
        late = [r for r in here if (now() - r.stage_entered_at).days >= step.stage.rotting_days]
        assert told(step.tally) == tally(here)
        assert told(step.stalled) == tally(late)
        weighted = sum((r.amount * r.chance / 100 for r in here if r.amount and r.currency == "CNY"), Decimal(0))
        assert step.tally.weighted.get("CNY", 0) == weighted


def rows_at(client, url):
    """The ids that the list shows at an address, over all its pages."""
    found = set()
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert not answer.context["query"].problems
        found |= {record.pk for record in answer.context["page"]}
        url = answer.context["next_url"] and "/sales/opportunities/" + answer.context["next_url"]
    return found


@pytest.mark.parametrize("who", ["rep", "lead", "chief"])
@pytest.mark.parametrize("asked", [{}, {"period": "all"}, {"period": "last_12", "team": "own", "owner": "rep"}])
def test_every_number_opens_its_rows(client, company, pipeline, who, asked):
    asked = {**asked, **({"owner": company["rep"].pk} if "owner" in asked else {})}
    asked |= {"team": Team.objects.get().pk} if "team" in asked else {}
    client.force_login(company[who])
    board = dashboard(company[who], pipeline, **asked)
    known = {r.pk: r for r in seen(company[who], pipeline)}
    tallies = [t for _label, t in [*board.months, *board.reps, *board.sources]]
    tallies += [t for step in board.moving for t in (step.tally, step.stalled)]
    assert any(t.count for t in tallies)
    for one in tallies:
        rows = [known[pk] for pk in rows_at(client, one.url)]
        assert tally(rows) == told(one), one.url


def test_department_and_team_narrow_the_numbers(client, company, pipeline, department):
    below = Department.objects.create(name="青岛办", parent=department)
    far = Department.objects.create(name="华南分公司")
    for owner, where in ((company["other"], below), (company["rep"], far)):
        owner.department = where
        owner.save()
        make_opportunity(owner=owner)
    board = dashboard(company["chief"], pipeline, department=department.pk)
    rows = [r for r in seen(company["chief"], pipeline) if r.department_id in {department.pk, below.pk}]
    opened = [r for r in rows if r.state == "open"]
    assert opened
    assert sum(step.tally.count for step in board.funnel) == len(opened)
    client.force_login(company["chief"])
    for step in board.funnel:
        assert len(rows_at(client, step.tally.url)) == step.tally.count
    lonely = Team.objects.create(name="空组")
    Membership.objects.create(team=lonely, user=company["chief"])
    nobody = dashboard(company["chief"], pipeline, team=lonely.pk, owner=company["rep"].pk)
    assert sum(step.tally.count for step in nobody.funnel) == 0
    assert rows_at(client, nobody.funnel[0].tally.url) == set()


def test_one_may_not_ask_for_others(company, pipeline, department):
    board = dashboard(company["rep"], pipeline, owner=company["other"].pk, department=department.pk, team="1")
    assert (board.owner, board.department, board.team, board.owners) == (None, None, None, [])
    lead = dashboard(company["lead"], pipeline, owner=company["other"].pk)
    assert lead.owner is None
    assert {user.username for user in lead.owners} == {"lead", "rep"}


def test_people_are_found_within_reach(client, company):
    client.force_login(company["lead"])
    found = client.get("/analytics/sales/people/").json()["results"]
    assert {one["text"] for one in found} == {"林晓", "lead"}


def test_scope_of_a_department(company, pipeline, grant, department, make_user):
    head = make_user("head", department=department)
    grant(head, DEAL, view=Scope.DEPARTMENT)
    rows = seen(head, pipeline)
    assert 0 < len(rows) < 60
    board = dashboard(head, pipeline, period="all")
    assert sum(t.count for _m, t in board.months) == len(won_in(rows, None))
