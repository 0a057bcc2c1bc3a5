"""How accounts buy: scored in one statement, shown as fields of accounts within the rights of who looks."""

from __future__ import annotations

import html
import json
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from analytics.models import CLASSES, PersonStep, RfmClass, RfmRun, RfmSetting, RfmStep
from analytics.rfm import Bounds, quantiles, rising, score_all, scores_of
from crm.access.models import FieldRule, Scope
from crm.api.tests.conftest import Caller
from crm.jobs.models import Job
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, make_contact
from customers.models import Account, Contact
from marketing.models import BehaviourEvent
from sales.factories import make_opportunity, make_pipeline
from sales.models import Opportunity

ACCOUNT = "customers.account"
TODAY = date(2026, 6, 30)
BOUNDS = Bounds([30, 90, 180, 365], [2, 3, 5, 10], [Decimal(n) for n in (100, 1000, 10_000, 100_000)], 4)


@pytest.fixture
def buy(rep, pipeline):
    """``buy(account, days ago, amount)``: a won opportunity."""

    def buy(account: Account, ago: int, amount: int | None, currency: str = "CNY") -> None:
        deal = make_opportunity(
            owner=rep, account=account, stage=pipeline.stages.first(), amount=amount, currency=currency
        )
        Opportunity.objects.filter(pk=deal.pk).update(state="won", close_date=TODAY - timedelta(days=ago))

    return buy


@pytest.fixture
def setting(db):
    return RfmSetting.objects.create(
        of=ACCOUNT, days=[30, 90, 180, 365], times=[2, 3, 5, 10], amounts=BOUNDS.amounts, months=0
    )


def oracle(purchases: list[tuple[int, int | None]]) -> tuple[int, int, int, str]:
    """The slow, obvious way."""
    if not purchases:
        return 0, 0, 0, "none"
    recent, total = min(ago for ago, _a in purchases), sum(a or 0 for _ago, a in purchases)
    r = 5 - sum(recent >= bound for bound in BOUNDS.days)
    f = 1 + sum(len(purchases) >= bound for bound in BOUNDS.times)
    m = 1 + sum(total >= bound for bound in BOUNDS.amounts)
    return r, f, m, CLASSES[r >= 4, f >= 4, m >= 4].value


def test_scores_are_those_of_the_oracle(buy, setting, rep):
    cases = [
        [],
        [(0, 5)],
        [(29, 99), (400, 1)],
        [(30, 100)],
        [(364, 100_000)],
        [(365, None)],
        [(5, 30_000)] * 5,
        [(100, 20_000)] * 10,
        [(2, 10)] * 6,
    ]
    accounts = [make_account(owner=rep) for _case in cases]
    for account, case in zip(accounts, cases, strict=True):
        for ago, amount in case:
            buy(account, ago, amount)
    run = score_all(actor=Actor(rep), today=TODAY)
    found = [
        (a.rfm.recency, a.rfm.frequency, a.rfm.monetary, a.rfm.rfm_class) for a in Account.objects.in_bulk().values()
    ]
    assert found == [oracle(case) for case in cases]
    assert run.moved == len(cases) - 1
    assert sum(run.counts.values()) == len(cases)
    assert RfmClass.CHAMPION in run.counts


def test_a_second_run_moves_nothing_and_the_trend_keeps_only_what_moved(buy, setting, rep):
    account = make_account(owner=rep)
    buy(account, 10, 500)
    score_all(actor=Actor(rep), today=TODAY)
    assert score_all(actor=Actor(rep), today=TODAY).moved == 0
    score_all(actor=Actor(rep), today=TODAY + timedelta(days=60))
    steps = list(RfmStep.objects.filter(account=account).values_list("recency", flat=True))
    assert steps == [5, 4]
    assert RfmRun.objects.count() == 3


def test_foreign_money_counts_in_yuan_and_old_purchases_drop_out(buy, setting, rep):
    from crm.reference.models import ExchangeRate

    ExchangeRate.objects.create(currency="USD", day=date(2020, 1, 1), rate=7)
    account = make_account(owner=rep)
    buy(account, 10, 100, "USD")
    buy(account, 800, 9000)
    RfmSetting.objects.update(months=24)
    score_all(actor=Actor(rep), today=TODAY)
    account = Account.objects.get()
    assert (account.rfm.amount, account.rfm.times) == (Decimal(700), 1)


def test_quantiles_rise_and_fill_five_bands(buy, rep, db, pipeline):
    setting = RfmSetting(of=ACCOUNT, automatic=True, months=0)
    for i in range(20):
        buy(make_account(owner=rep), i, 1000 + i)
    bounds = quantiles(setting, TODAY)
    assert bounds.amounts == sorted(set(bounds.amounts))
    assert bounds.times == [1, 2, 3, 4]
    assert sum(scores_of(setting, bounds, TODAY).values()) == 20
    assert rising([3, 3], 1) == [3, 4, 5, 6]


def test_the_list_shows_filters_sorts_and_pages_by_the_score(buy, setting, rep, grant, client):
    grant(rep, ACCOUNT, view=Scope.OWN, export=Scope.OWN)
    accounts = [make_account(owner=rep, name=f"公司{i}") for i in range(4)]
    for i, account in enumerate(accounts[1:]):
        buy(account, 10 + 100 * i, 500)
    score_all(actor=Actor(rep), today=TODAY)
    client.force_login(rep)
    body = client.get("/customers/accounts/?cols=name,rfm.class,rfm.score&sort=-rfm.score").content.decode()
    assert [body.index(account.name) for account in (*accounts[1:], accounts[0])] == sorted(
        body.index(account.name) for account in accounts
    )
    body = client.get("/customers/accounts/?cols=name&rfm.class=fresh").content.decode()
    assert accounts[1].name in body
    assert accounts[0].name not in body
    where = json.dumps({"all": [{"field": "rfm.score", "op": "lte", "value": "0"}]})
    body = client.get("/customers/accounts/", {"where": where, "cols": "name"}).content.decode()
    assert accounts[0].name in body
    assert accounts[1].name not in body


def test_a_hidden_score_is_hidden_at_every_door(buy, setting, rep, grant, client):
    grant(rep, ACCOUNT, view=Scope.ALL)
    account = make_account(owner=rep)
    buy(account, 1, 5)
    score_all(actor=Actor(rep), today=TODAY)
    client.force_login(rep)
    assert client.get("/customers/accounts/?rfm.score__gte=1").status_code == 200
    status, told = Caller.of(rep).get(f"customers/accounts/{account.pk}/")
    assert (status, told["fields"]["rfm.score"]) == (200, account_score(account))
    FieldRule.objects.create(role=rep.roles.get(), entity=ACCOUNT, field="rfm.score", mode="hidden")
    assert client.get("/customers/accounts/?rfm.score__gte=1").status_code == 422
    assert client.get("/customers/accounts/?sort=rfm.score").status_code == 422
    assert (
        "RFM score"
        not in client.get(
            "/customers/accounts/?cols=name,rfm.score", headers={"accept-language": "en"}
        ).content.decode()
    )
    assert "rfm.score" not in Caller.of(rep).get(f"customers/accounts/{account.pk}/")[1]["fields"]


def account_score(account: Account) -> int:
    return Account.objects.get(pk=account.pk).rfm.score


def test_every_account_has_its_row_whoever_writes_it(rep, db):
    one = make_account(owner=rep)
    many = [Account(name=f"批量{i}", owner=rep) for i in range(300)]
    records.save_many(many, actor=Actor(rep))
    assert Account.objects.filter(rfm__score=0).count() == 301
    assert one.rfm.rfm_class == RfmClass.NONE


@pytest.fixture
def pipeline(db):
    return make_pipeline()


def test_the_matrix_counts_what_the_reader_sees_and_opens_its_rows(buy, setting, rep, other, grant, client):
    grant(rep, ACCOUNT, view=Scope.OWN)
    for owner in (rep, rep, other):
        buy(make_account(owner=owner), 10, 500)
    score_all(actor=Actor(rep), today=TODAY)
    client.force_login(rep)
    first = client.get("/analytics/rfm/")
    assert b"rfm.class=fresh" not in first.content
    body = client.get("/analytics/rfm/", headers={"HX-Request": "true"}).content.decode()
    link = re.search(r'href="(/customers/accounts/\?rfm\.class=fresh[^"]*)">2</a>', body)
    assert link
    assert client.get(html.unescape(link[1])).status_code == 200
    assert client.get("/analytics/rfm/setup/").status_code == 403
    assert client.post("/analytics/rfm/score/").status_code == 403


def test_admins_set_the_bands_and_preview_them(buy, setting, rep, boss, client):
    buy(make_account(owner=rep), 10, 500)
    client.force_login(boss)
    form = {"days": "10 20 30 40", "times": "2 3 4 5", "amounts": "1, 2, 3, 4", "high": 4, "months": 12}
    assert client.get("/analytics/rfm/setup/").status_code == 200
    body = client.post("/analytics/rfm/setup/", {**form, "preview": "1"}).content.decode()
    assert "10 – 20" in body
    assert RfmSetting.objects.get().days == [30, 90, 180, 365]
    assert client.post("/analytics/rfm/setup/", {**form, "days": "40 20 30 10"}).status_code == 422
    assert client.post("/analytics/rfm/setup/", form).status_code == 302
    assert RfmSetting.objects.get().days == [10, 20, 30, 40]


def test_the_record_shows_its_value_and_trend(buy, setting, rep, grant, client):
    grant(rep, ACCOUNT, view=Scope.OWN)
    account = make_account(owner=rep)
    buy(account, 10, 500)
    score_all(actor=Actor(rep), today=TODAY)
    client.force_login(rep)
    body = client.get(f"/customers/accounts/{account.pk}/?tab=rfm").content.decode()
    assert "rfm-trend" in body
    assert "General, to develop" in body


CONTACT = "customers.contact"


@pytest.fixture
def spend(db):
    """``spend(contact, days ago, yuan)``: a purchase that a shop told of."""

    def spend(contact, ago: int, amount: int) -> None:
        BehaviourEvent.objects.create(
            kind="purchase",
            on_entity=CONTACT,
            on_id=contact.pk,
            amount=amount,
            currency="CNY",
            at=timezone.make_aware(datetime.combine(TODAY - timedelta(days=ago), time(12))),
        )

    return spend


def test_persons_are_scored_by_their_own_bands(spend, buy, setting, rep):
    li, wang = make_contact(owner=rep), make_contact(owner=rep)
    for ago in (3, 20, 40, 60, 90):
        spend(li, ago, 1200)
    buy(make_account(owner=rep), 10, 500)
    run = score_all(CONTACT, actor=Actor(rep), today=TODAY)
    assert (run.of, run.moved, run.counts["none"]) == (CONTACT, 1, 1)
    scores = Contact.objects.get(pk=li.pk).rfm
    assert (str(scores), scores.rfm_class, scores.amount) == ("544", "champion", 6000)
    assert Contact.objects.get(pk=wang.pk).rfm.rfm_class == "none"
    assert set(Account.objects.values_list("rfm__rfm_class", flat=True)) == {"none"}  # theirs is another run
    assert score_all(CONTACT, actor=Actor(rep), today=TODAY).moved == 0
    assert PersonStep.objects.filter(contact=li).count() == 1


def test_the_pages_of_persons(spend, setting, rep, boss, grant, client):
    grant(rep, CONTACT, view=Scope.OWN)
    grant(rep, ACCOUNT, view=Scope.OWN)
    contact = make_contact(owner=rep, name="李佳")
    spend(contact, 3, 1200)
    score_all(CONTACT, actor=Actor(rep), today=TODAY)
    client.force_login(rep)
    body = client.get(f"/analytics/rfm/?of={CONTACT}", headers={"HX-Request": "true"}).content.decode()
    link = re.search(r'href="(/customers/contacts/\?rfm\.class=fresh[^"]*)">1</a>', body)
    assert "李佳" in client.get(html.unescape(link[1])).content.decode()
    assert f"?of={CONTACT}" in client.get("/analytics/rfm/").content.decode()
    assert "rfm-trend" in client.get(f"/customers/contacts/{contact.pk}/?tab=rfm").content.decode()
    assert client.get("/analytics/rfm/?of=sales.lead").status_code == 404
    client.force_login(boss)
    form = {"days": "10 20 30 40", "times": "2 3 4 5", "amounts": "1, 2, 3, 4", "high": 4, "months": 12}
    shown = client.get(f"/analytics/rfm/setup/?of={CONTACT}").content.decode()
    assert 'value="marketing.events"' in shown and 'value="sales.won"' not in shown  # which are companies'
    assert client.post(f"/analytics/rfm/setup/?of={CONTACT}", form).status_code == 302
    assert RfmSetting.objects.get(of=CONTACT).days == [10, 20, 30, 40]
    assert RfmSetting.objects.get(of=ACCOUNT).days == [30, 90, 180, 365]
    assert Job.objects.get(kind="analytics.rfm").params == {"of": CONTACT}
