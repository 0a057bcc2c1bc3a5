"""What people do comes in by the batch, finds its person, and is found again when the person becomes known later."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from crm.access.models import Scope
from crm.inbound.models import Connection
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.matching.models import DuplicateCandidate
from crm.messaging.signing import sign
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.models import ChangeSet, Entry
from crm.records.purge import purge
from crm.records.undo import undo
from customers.factories import make_account, make_contact, make_source
from customers.tracing import Touch, add_touch
from marketing.models import BehaviourEvent, IdentityLink
from sales.factories import make_lead
from sales.models import Lead
from sales.services import convert_lead

pytestmark = pytest.mark.django_db
SECRET = "a secret of both sides"


@pytest.fixture
def shop(boss):
    return Connection.objects.create(name="商城", secret=SECRET, user=boss)


@pytest.fixture
def post(shop):
    def go(*events, body=None, secret=SECRET):
        data = body if body is not None else json.dumps({"events": events}).encode()
        headers = sign(secret, data, int(time.time()))
        url = f"/hooks/events/{shop.token}/"
        return Client(enforce_csrf_checks=True).post(url, data, content_type="application/json", headers=headers)

    return go


def event(number, kind="page_view", who=None, **more):
    at = (timezone.now() - timedelta(hours=1, minutes=number)).isoformat(timespec="seconds")
    return {
        "id": f"e{number}",
        "at": at,
        "kind": kind,
        "who": who or {"visitor": "v1"},
        "title": f"页面{number}",
    } | more


def test_events_of_a_known_number_are_the_persons(post):
    contact = make_contact(mobile="139 1234 5678")
    who = {"phone": "+86-13912345678", "openid": "oX1"}
    bought = event(2, "purchase", who, amount="99.90", products=[{"name": "茶", "quantity": 2, "junk": {"a": 1}}])
    answer = post(event(1, who=who), bought, event(3, "store_purchase", {"openid": "oX1"}, amount=10, place="南京路店"))
    assert answer.status_code == 200 and answer.json() == {"kept": 3, "known": 0, "refused": 0, "errors": {}}
    contact.refresh_from_db()
    # The third came with the account alone, which the first two had named in the same batch… and did not know yet.
    assert BehaviourEvent.objects.filter(on_id=contact.pk).count() == 3
    assert (contact.purchase_count, contact.purchase_sum) == (2, Decimal("109.90"))
    assert contact.last_visit_at is not None and contact.version == 1
    entries = Entry.objects.filter(kind="marketing.bought", record_id=contact.pk)
    assert {entry.data["place"] for entry in entries} == {"", "南京路店"}
    assert BehaviourEvent.objects.get(key="e2").products == [{"name": "茶", "quantity": "2.00"}]


def test_sent_again_is_kept_once(post):
    make_contact(mobile="13912345678")
    one = event(1, "purchase", {"phone": "13912345678"}, amount=5)
    assert [post(one, one).json()["kept"], post(one, event(2)).json()["kept"]] == [1, 1]
    assert BehaviourEvent.objects.count() == 2 and Entry.objects.filter(kind="marketing.bought").count() == 1


def test_a_visitor_becomes_known_by_a_form(post, form, send):
    post(event(1), event(2, "cart"), event(3, who={"visitor": "another"}))
    assert not BehaviourEvent.objects.filter(on_id__isnull=False).exists()
    send(form, "?visitor=v1", name="王小川", mobile="13912345678")
    lead = Lead.objects.get()
    assert set(BehaviourEvent.objects.filter(on_id=lead.pk).values_list("key", flat=True)) == {"e1", "e2"}
    assert lead.last_visit_at is not None
    post(event(9))  # and whatever the visitor does from now on
    assert BehaviourEvent.objects.get(key="e9").on_id == lead.pk


def test_conversion_takes_behaviour_along(post, boss, django_capture_on_commit_callbacks):
    lead = make_lead(name="王小川", company="远山", mobile="13912345678", owner=boss)
    post(event(1, who={"phone": "13912345678", "visitor": "v1"}))
    done = convert_lead(lead, actor=Actor(boss, "test"), create_opportunity=False)
    dispatch()
    assert BehaviourEvent.objects.get().on_entity == "customers.contact"
    assert set(IdentityLink.objects.values_list("on_entity", "on_id")) == {("customers.contact", done.contact.pk)}
    done.contact.refresh_from_db()
    assert done.contact.last_visit_at is not None


def traces(record) -> tuple[set, set, set]:
    on = {"on_entity": record.entity_label(), "on_id": record.pk}
    return (
        set(BehaviourEvent.objects.filter(**on).values_list("key", flat=True)),
        set(IdentityLink.objects.filter(**on).values_list("kind", "value", "confidence")),
        set(Touch.objects.filter(**on).values_list("kind", "name")),
    )


def taken_back(lead, boss):
    done = undo(ChangeSet.objects.get(kind="convert", entity="sales.lead"), actor=Actor(boss, "test"))
    lead.refresh_from_db()
    assert (done.conflicts, lead.status) == ([], "new")
    return done


def test_undoing_a_conversion_gives_the_lead_its_traces_again(post, boss):
    lead = make_lead(name="王小川", company="远山", mobile="13912345678", owner=boss)
    add_touch(lead, kind="form", name="Expo")
    post(event(1, who={"phone": "13912345678", "visitor": "v1"}))
    before, columns = traces(lead), (lead.first_touch_at, lead.last_visit_at)
    done = convert_lead(lead, actor=Actor(boss, "test"), create_opportunity=False)
    dispatch()
    assert traces(lead) == (set(), set(), {("form", "Expo")})
    assert traces(done.contact) == before and traces(done.account)[2] == {("form", "Expo")}
    post(event(2, who={"visitor": "v1"}))  # what they do later is the lead's too: there never was a contact
    add_touch(done.contact, kind="link", name="Later")
    taken_back(lead, boss)
    assert traces(lead) == (before[0] | {"e2"}, before[1], before[2] | {("link", "Later")})
    assert traces(done.contact) == traces(done.account) == (set(), set(), set())
    assert lead.last_visit_at is not None and lead.last_touch_at > lead.first_touch_at and columns
    post(event(3, who={"visitor": "v1"}))
    assert "e3" in traces(lead)[0], "the visitor is known as the lead again"


def test_who_was_there_before_keeps_their_own(post, boss):
    contact = make_contact(name="王小川", mobile="13912345678", owner=boss)
    add_touch(contact, kind="form", name="Own")
    post(event(1, who={"phone": "13912345678", "visitor": "v1"}))
    own = traces(contact)
    lead = make_lead(name="小川", company="远山", owner=boss, email="x@example.com")
    post(event(2, who={"email": "x@example.com", "openid": "o1"}))
    add_touch(lead, kind="form", name="Expo")
    IdentityLink.objects.create(
        kind="visitor", value="v1", on_entity=lead.entity_label(), on_id=lead.pk, confidence=33,
        first_seen=timezone.now(), last_seen=timezone.now(),
    )  # fmt: skip
    before = traces(lead)
    convert_lead(lead, actor=Actor(boss, "test"), contact=contact, create_opportunity=False)
    dispatch()
    assert traces(lead)[:2] == (set(), set()) and traces(contact)[0] == {"e1", "e2"}
    taken_back(lead, boss)
    assert (traces(lead), traces(contact)) == (before, own)
    contact.refresh_from_db()
    assert contact.first_touch_at is not None


def test_undone_before_anything_was_carried(post, boss):
    lead = make_lead(name="王小川", company="远山", mobile="13912345678", owner=boss)
    post(event(1, who={"phone": "13912345678"}))
    before = traces(lead)
    convert_lead(lead, actor=Actor(boss, "test"), create_opportunity=False)
    taken_back(lead, boss)
    dispatch()
    assert traces(lead) == before, "a late delivery finds nobody to carry to"
    lead.refresh_from_db()
    again = convert_lead(lead, actor=Actor(boss, "test"), create_opportunity=False)
    dispatch()
    assert traces(again.contact)[:2] == before[:2]


def test_one_account_on_two_people_is_a_pair_for_stewards(post):
    first, second = make_contact(mobile="13912345678"), make_contact(mobile="13800001111")
    post(event(1, who={"phone": "13912345678", "unionid": "u1"}))
    post(event(2, who={"phone": "13800001111", "unionid": "u1", "visitor": "pc"}))
    pair = DuplicateCandidate.objects.get()
    assert (pair.first_id, pair.second_id, pair.state) == (first.pk, second.pk, "open")
    post(event(3, who={"phone": "13912345678", "visitor": "pc"}))  # a machine that two people use says nothing
    assert DuplicateCandidate.objects.count() == 1
    assert BehaviourEvent.objects.get(key="e3").on_id == first.pk


def test_events_stand_as_they_are(post):
    post(event(1))
    for change in ({"title": "x"}, {"kind": "cart"}, {"at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BehaviourEvent.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        BehaviourEvent.objects.all().delete()
    assert BehaviourEvent.objects.update(on_entity="customers.contact", on_id=1) == 1


def test_months_are_partitions(post):
    post(event(1))
    with connection.cursor() as cursor:
        cursor.execute("select tableoid::regclass::text from marketing_behaviourevent")
        assert cursor.fetchone()[0] == f"marketing_behaviourevent_{timezone.now() - timedelta(hours=2):%Y%m}"


def test_who_is_removed_for_good_leaves_figures_only(post, boss):
    contact = make_contact(mobile="13912345678", owner=boss)
    post(event(1, "purchase", {"phone": "13912345678"}, amount=5))
    records.delete(contact, actor=Actor(boss))
    purge([contact], actor=Actor(boss))
    row = BehaviourEvent.objects.get()
    assert (row.identities, row.title, row.on_id, row.amount) == ([], "", None, Decimal("5.00"))
    assert not IdentityLink.objects.exists()


def test_the_tab_folds_pages_and_tells_only_who_may_know(post, client, rep, grant, field_rule):
    grant(rep, "customers.contact", view=Scope.OWN)
    contact = make_contact(mobile="13912345678", owner=rep)
    who = {"phone": "13912345678", "openid": "oX1"}
    post(*[event(n, who=who) for n in range(1, 6)], event(7, "purchase", who, amount=88, title="龙井"))
    client.force_login(rep)
    page = client.get(f"/customers/contacts/{contact.pk}/?tab=behaviour").content.decode()
    assert "Looked at 5 pages" in page and "龙井" in page and "oX1" in page
    found = client.get("/customers/contacts/?last_purchase_at__last_days=7")
    assert found.status_code in {200, 422}
    field_rule(rep, "customers.contact", "mobile", "masked")
    page = client.get(f"/customers/contacts/{contact.pk}/?tab=behaviour").content.decode()
    assert "13912345678" not in page and "8613912345678" not in page
    field_rule(rep, "customers.contact", "last_visit_at", "hidden")
    assert client.get(f"/customers/contacts/{contact.pk}/?tab=behaviour").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"id": "a\u0000"},
        {"id": "x" * 101},
        {"at": "yesterday"},
        {"at": "0001-01-01T00:00:00Z"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"at": "2026-13-45T00:00"},
        {"kind": "dance"},
        {"kind": ["page_view"]},
        {"who": {}},
        {"who": []},
        {"who": {"visitor": "\ud800"}},
        {"who": {"visitor": {"a": 1}}},
        {"amount": "NaN"},
        {"amount": "1e99"},
        {"amount": [1]},
        {"currency": "XXX", "amount": 1},
        {"title": "a\u0000b"},
        {"title": {"a": 1}},
        {"products": "x"},
        {"products": [[1]]},
        {"products": [{"name": "x", "amount": "Infinity"}]},
    ],
)
def test_what_can_be_no_event_is_refused_by_name(post, wrong):
    answer = post(event(1, "purchase") | wrong, event(2))
    assert answer.status_code == 200
    assert answer.json()["kept"] == 1 and set(answer.json()["errors"]["0"]) <= {*wrong, "products", "name", "amount"}


def test_hostile_calls_are_refused(post):
    assert post(event(1), secret="another secret").status_code == 403
    assert post(body=b'{"events": []}').status_code == 422
    assert post(body=b'{"events": {"a": 1}}').status_code == 422
    assert post(body=b'{"events": [1, null, "x"]}').status_code == 422
    assert post(body=b"\xff").status_code == 400
    assert not BehaviourEvent.objects.exists()


def test_a_merge_takes_traces_along_and_gives_them_back(post, boss):
    first, second = (make_contact(mobile=m, owner=boss) for m in ("13912345678", "13800001111"))
    post(
        event(1, "purchase", {"phone": "13912345678"}, amount=5), event(2, who={"phone": "13800001111", "openid": "o1"})
    )
    post(event(3, "purchase", {"openid": "o1"}, amount=7))
    source = make_source("展会")
    add_touch(second, kind="hand", source=source, channel="event")

    def state(contact):
        contact.refresh_from_db()
        return contact.purchase_sum, contact.first_channel, IdentityLink.objects.filter(on_id=contact.pk).count()

    before = [state(first), state(second)]
    assert before == [(Decimal("5.00"), "", 1), (Decimal("7.00"), "event", 2)]
    operation = merge([first, second], first, {}, actor=Actor(boss, "test"))
    dispatch()
    assert state(first) == (Decimal("12.00"), "event", 3)
    post(event(4, "purchase", {"openid": "o1"}, amount=1))
    assert state(first)[0] == Decimal("13.00")
    unmerge(operation, actor=Actor(boss, "test"))
    dispatch()
    # What came after the merge stays with the one that stayed.
    assert [state(first)[0], state(second)] == [Decimal("6.00"), before[1]]


def test_a_thousand_events_cost_a_few_statements(post, django_assert_max_num_queries):
    for n in range(10):
        make_contact(mobile=f"1391234500{n}")
    rows = [event(n, who={"phone": f"1391234500{n % 10}", "visitor": f"v{n % 50}"}) for n in range(1000)]
    with django_assert_max_num_queries(40):
        assert post(*rows).json()["kept"] == 1000


def test_a_till_writes_a_file(client, rep, grant):
    grant(rep, "customers.contact", **{"import": Scope.ALL})
    contact = make_contact(mobile="13912345678")
    day = f"{timezone.now() - timedelta(days=1):%Y-%m-%d}"
    rows = f"交易时间,会员手机,商品名称,实付金额,门店\n{day} 10:00,139 1234 5678,龙井,¥128.00,南京路店\n{day} 11:00,,茶杯,20,南京路店\nfoo,13912345678,x,1,y\n"
    client.force_login(rep)
    data = {"kind": "store_purchase"}
    for kept in (1, 0):
        file = SimpleUploadedFile("till.csv", rows.encode("gb18030"))
        answer = client.post("/marketing/events/import/", data | {"file": file})
        assert answer.status_code == 200 and answer.context["told"]["kept"] == kept
    assert [line for line, _reason in answer.context["lines"]] == [3, 4]
    contact.refresh_from_db()
    assert contact.purchase_sum == Decimal("128.00")
    wrong = client.post("/marketing/events/import/", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")})
    assert wrong.status_code == 422


def test_not_everybody_brings_events(client, rep, grant):
    grant(rep, "customers.contact", **{"import": Scope.OWN})
    client.force_login(rep)
    assert client.get("/marketing/events/import/").status_code == 403


def test_what_people_did_stands_on_the_page_of_their_company(post, client, rep, grant, boss):
    """Of those that the reader sees: a colleague's contact at the same company stays out of it."""
    grant(rep, "customers.account", view=Scope.OWN)
    grant(rep, "customers.contact", view=Scope.OWN)
    account = make_account(owner=rep)
    make_contact(owner=rep, account=account, name="王小川", mobile="13912345678")
    make_contact(owner=boss, account=account, name="外人甲", mobile="13912345679")
    answer = post(
        event(1, "cart", {"phone": "13912345678"}, title="离心泵"),
        event(2, "cart", {"phone": "13912345679"}, title="机密泵"),
    )
    assert answer.json()["kept"] == 2
    client.force_login(rep)
    page = client.get(f"/customers/accounts/{account.pk}/?tab=behaviour").content.decode()
    assert "王小川</a>" in page and "离心泵" in page
    assert "外人甲" not in page and "机密泵" not in page
