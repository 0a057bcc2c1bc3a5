"""From a refusal to a request: what the asker learns, who decides, what follows, and what happens when nobody answers."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from crm.access.models import RecordShare, Scope
from crm.matching.cases import services
from crm.matching.cases.models import CollisionCase
from crm.notifications.models import Notification
from crm.ownership.models import Pool
from crm.records.actor import Actor
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
PHONE, SECRETS = "13800138000", ("秘密远洋", "secret@hidden.example", "13911112222", "保密路")
State = CollisionCase.State


@pytest.fixture
def hidden(other):
    """A record of somebody else, full of what must not be told."""
    return make_account(
        name="秘密远洋集团",
        phone=PHONE,
        email="secret@hidden.example",
        address="保密路 1 号",
        description="13911112222",
        owner=other,
    )


@pytest.fixture
def asker(rep, other, grant):
    for person in (rep, other):
        grant(person, "customers.account", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
        grant(person, "matching.collisioncase", view=Scope.OWN, decide=Scope.OWN)
    return rep


@pytest.fixture
def head(make_user, department, grant, other):
    """Who leads the holder's department."""
    leader = make_user("head", name="钱主管")
    department.head = leader
    department.save()
    other.department = department
    other.save()
    grant(leader, "matching.collisioncase", view=Scope.OWN, decide=Scope.OWN)
    return leader


def silent(answer) -> str:
    """The answer, which holds nothing of the hidden record."""
    said = answer.content.decode()
    assert not [secret for secret in SECRETS if secret in said]
    return said


def met(client):
    """Type what collides; the address where one asks."""
    typed = {"name": "海洋贸易", "phone": PHONE, "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}
    answer = client.post("/customers/accounts/add/", typed)
    assert answer.status_code == 422
    silent(answer)
    return answer.context["twins"].ask_url


def asked(client, hidden, **values):
    url = met(client)
    silent(client.get(url))
    answer = client.post(url, {"kind": "join", "reason": "I met them"} | values)
    assert answer.status_code == 302, answer.content.decode()
    silent(client.get(answer["location"]))
    return CollisionCase.objects.get()


def test_asking_tells_nothing_and_the_address_names_no_record(hidden, asker, client, other, head):
    client.force_login(asker)
    assert str(hidden.pk) not in unquote(met(client)).split("?")[0]
    case = asked(client, hidden)
    assert (case.holder, case.arbiter, case.state, case.title) == (other, head, State.OPEN, "海洋贸易")
    assert (case.on_entity, case.on_id) == ("customers.account", hidden.pk)
    assert list(Notification.objects.filter(kind="collision_asked").values_list("user", flat=True)) == [other.pk]
    for address in (
        "/customers/collisions/",
        f"/customers/collisions/{case.pk}/",
        f"/customers/collisions/{case.pk}/edit/",
    ):
        silent(client.get(address))
    asked(client, hidden)  # once more is the same case


def test_an_address_of_somebody_else_or_a_forged_one_opens_nothing(hidden, asker, client, boss):
    client.force_login(asker)
    url = met(client)
    assert client.get(url[:-3] + "xyz").status_code == 404
    client.force_login(boss)
    assert client.get(url).status_code == 404


def test_the_asker_cannot_decide_and_the_holder_lets_them_in(hidden, asker, client, other):
    client.force_login(asker)
    case = asked(client, hidden)
    assert client.post(f"/customers/collisions/{case.pk}/do/accept/", {"version": case.version}).status_code == 403
    client.force_login(other)
    assert hidden.name in client.get(f"/customers/collisions/{case.pk}/").content.decode()
    done = client.post(f"/customers/collisions/{case.pk}/do/accept/", {"version": case.version, "answer": "Welcome"})
    assert done.status_code == 302
    share = RecordShare.objects.get()
    assert (share.user, share.record_id, share.level) == (asker, hidden.pk, "edit")
    case.refresh_from_db()
    assert (case.state, case.decided_by, case.answer) == (State.ACCEPTED, other, "Welcome")
    client.force_login(asker)
    assert hidden.name in client.get(f"/customers/accounts/{hidden.pk}/").content.decode()


def test_a_rejected_request_leaves_everything(hidden, asker, client, other):
    client.force_login(asker)
    case = asked(client, hidden)
    services.reject_case(case, actor=Actor(other), answer="No")
    assert not RecordShare.objects.exists()
    silent(client.get(f"/customers/collisions/{case.pk}/"))
    assert Notification.objects.filter(kind="collision_settled", user=asker).count() == 1
    with pytest.raises(ValidationError):
        services.accept_case(case, actor=Actor(other))


def test_nobody_answers_the_arbiter_decides_the_dispute(hidden, asker, client, other, head):
    client.force_login(asker)
    case = asked(client, hidden, kind="dispute")
    assert services.move_on(case.due_at - timedelta(seconds=1)) == 0
    assert services.move_on(case.due_at) == 1
    case.refresh_from_db()
    assert (case.state, case.due_at > timezone.now()) == (State.ESCALATED, True)
    with pytest.raises(PermissionDenied):
        services.accept_case(case, actor=Actor(other))
    services.accept_case(case, actor=Actor(head))
    hidden.refresh_from_db()
    assert hidden.owner == asker


def test_nobody_at_all_answers(hidden, asker, client, head):
    client.force_login(asker)
    case = asked(client, hidden)
    services.move_on(case.due_at)
    case.refresh_from_db()
    assert services.move_on(case.due_at) == 1
    case.refresh_from_db()
    assert case.state == State.EXPIRED
    assert services.move_on(case.due_at + timedelta(days=9)) == 0


def test_the_house_decides_what_is_told(hidden, asker, client, other, house):
    client.force_login(asker)
    url = met(client)
    assert other.name in silent(client.get(url))
    house("customers.account", tell_owner=False, tell_stage=False)
    assert other.name not in silent(client.get(url))
    case = asked(client, hidden)
    services.reject_case(case, actor=Actor(other), answer="No")
    case.refresh_from_db()
    assert (case.state, case.decided_by) == (State.REJECTED, other)
    for address in (f"/customers/collisions/{case.pk}/", f"/customers/collisions/{case.pk}/?tab=history", "/customers/collisions/",
                    "/notifications/", f"/customers/collisions/?cols=holder,arbiter,decided_by,on_id&holder={other.pk}"):  # fmt: skip
        assert other.name not in silent(client.get(address)), address


def pooled(record):
    """Put a record into a pool whose members the asker is none of."""
    pool = Pool.objects.create(entity="customers.account", name="Lost deals")
    Account.objects.filter(pk=record.pk).update(owner=None, pool=pool)


@pytest.mark.parametrize("level", ["warn", "block"])
def test_of_what_lies_in_a_pool_that_is_said_and_nobody_is_asked(hidden, asker, client, rule, level):
    rule("phone", level)
    pooled(hidden)
    client.force_login(asker)
    assert met(client) == ""
    typed = {"name": "海洋贸易", "phone": PHONE, "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}
    assert "lies in a pool" in silent(client.post("/customers/accounts/add/", typed))


def test_what_went_to_a_pool_since_cannot_be_asked_for(hidden, asker, client):
    client.force_login(asker)
    url = met(client)
    pooled(hidden)
    for answer in (client.get(url), client.post(url, {"kind": "dispute", "reason": "Mine"})):
        assert (
            answer.status_code == 409 and "lies in a pool" in silent(answer) and 'name="reason"' not in silent(answer)
        )
    assert not CollisionCase.objects.exists()


@pytest.mark.parametrize("kind", ["join", "dispute"])
@pytest.mark.parametrize("to", ["somebody", "pool"])
def test_nobody_gives_away_what_has_changed_hands(hidden, asker, client, other, make_user, kind, to):
    client.force_login(asker)
    case = asked(client, hidden, kind=kind)
    if to == "pool":
        pooled(hidden)
    else:
        Account.objects.filter(pk=hidden.pk).update(owner=make_user("heir"))
    client.force_login(other)
    said = client.post(f"/customers/collisions/{case.pk}/do/accept/", {"version": case.version, "answer": "Welcome"})
    assert said.status_code == 422 and "changed hands" in said.content.decode()
    case.refresh_from_db()
    hidden.refresh_from_db()
    assert (case.state, hidden.owner == asker, RecordShare.objects.exists()) == (State.OPEN, False, False)
    done = client.post(f"/customers/collisions/{case.pk}/do/reject/", {"version": case.version, "answer": "Ask anew"})
    case.refresh_from_db()
    assert (done.status_code, case.state) == (302, State.REJECTED)
