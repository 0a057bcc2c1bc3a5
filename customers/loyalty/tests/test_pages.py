"""Points through the front door: verbs, statement, file, rules, invitations and merges."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.entities import effects
from crm.entities.entity import registry
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.services import delete
from customers.factories import make_account, make_contact
from customers.loyalty.factories import make_referral
from customers.loyalty.ledger import give
from customers.loyalty.models import ContactMembership, MemberLevel, PointsEntry, Referral
from customers.models import Contact

CONTACT = "customers.contact"


def balance(contact: Contact) -> int:
    return ContactMembership.objects.get(pk=contact.pk).balance


@pytest.fixture
def member(rep, grant):
    grant(rep, CONTACT, view=Scope.OWN, points=Scope.OWN, change=Scope.OWN, export=Scope.OWN)
    contact = make_contact(owner=rep, name="钱多多")
    give(contact, 100, actor=Actor(rep), reason="开卡")
    return contact


def test_redeeming_needs_the_right_and_points(member, rep, other, grant, client):
    url = f"/customers/contacts/{member.pk}/do/redeem_points/"
    grant(other, CONTACT, view=Scope.ALL, change=Scope.ALL)
    client.force_login(other)
    assert client.post(url, {"points": 10, "reason": "水杯"}).status_code == 403
    client.force_login(rep)
    assert client.post(url, {"points": 101, "reason": "水杯"}).status_code == 422
    assert client.post(url, {"points": 0, "reason": "水杯"}).status_code == 422
    assert client.post(url, {"points": 10, "reason": ""}).status_code == 422
    for _twice in range(2):
        assert client.post(url, {"points": 30, "reason": "水杯", "key": "k1"}).status_code == 302
    assert balance(member) == 70


def test_adjusting_goes_both_ways_and_never_below_zero(member, rep, client):
    url = f"/customers/contacts/{member.pk}/do/adjust_points/"
    client.force_login(rep)
    assert client.post(url, {"points": -20, "reason": "重复"}).status_code == 302
    assert client.post(url, {"points": 5, "reason": "补"}).status_code == 302
    assert client.post(url, {"points": -86, "reason": "多扣"}).status_code == 422
    assert balance(member) == 85
    assert list(PointsEntry.objects.order_by("id").values_list("points", "balance")) == [(100, 100), (-20, 80), (5, 85)]


def test_the_statement_and_its_file(member, rep, other, grant, client):
    give(member, 7, actor=Actor(rep), reason="=SUM(A1)")
    client.force_login(rep)
    body = client.get(f"/customers/contacts/{member.pk}/?tab=points").content.decode()
    assert "+100" in body
    assert "107" in body
    assert "107 to spend" in body
    text = b"".join(client.get(f"/points/{CONTACT}/{member.pk}/export/").streaming_content).decode()
    assert text.splitlines()[1].split(",")[1:5] == ["Earned", "100", "100", "开卡"]
    assert "'=SUM" in text
    grant(other, CONTACT, view=Scope.OWN, export=Scope.OWN)
    client.force_login(other)
    assert client.get(f"/points/{CONTACT}/{member.pk}/export/").status_code == 404
    assert client.get(f"/points/{CONTACT}/{member.pk}/").status_code == 404


def test_the_portrait_comes_in_a_second_request(member, rep, client):
    client.force_login(rep)
    place, url = f'hx-get="/customers/contacts/{member.pk}/panel/portrait/"', f"/customers/contacts/{member.pk}/panel/"
    page = client.get(f"/customers/contacts/{member.pk}/").content.decode()
    assert place in page and "Membership" not in page
    assert "Membership" in client.get(f"{url}portrait/").content.decode()
    assert [client.get(url + name + "/").status_code for name in ("insight", "nothing")] == [404, 404]
    stranger = make_contact(owner=rep)
    assert "/panel/portrait/" not in client.get(f"/customers/contacts/{stranger.pk}/").content.decode()
    assert client.get(f"/customers/contacts/{stranger.pk}/panel/portrait/").content.strip() == b""


def test_hidden_points_are_hidden_everywhere(member, rep, other, grant, field_rule, client):
    client.force_login(other)
    grant(other, CONTACT, view=Scope.OWN)
    assert client.get(f"/customers/contacts/{member.pk}/panel/portrait/").status_code == 404
    field_rule(rep, CONTACT, "points.balance", "hidden")
    client.force_login(rep)
    assert "+100" not in client.get(f"/customers/contacts/{member.pk}/?tab=points").content.decode()
    assert client.get(f"/points/{CONTACT}/{member.pk}/").status_code == 403
    assert client.get(f"/customers/contacts/{member.pk}/panel/portrait/").content.strip() == b""
    assert client.get("/customers/contacts/?points.balance__gte=1").status_code == 422


def test_lists_show_sort_and_filter_by_points_and_level(member, rep, client):
    gold = MemberLevel.objects.create(name_zh="金卡", name_en="Gold", threshold=150)
    give(member, 60, actor=Actor(rep))
    make_contact(owner=rep, name="没有分")
    client.force_login(rep)
    body = client.get(
        "/customers/contacts/?cols=name,points.balance,points.level&sort=-points.balance"
    ).content.decode()
    assert body.index("钱多多") < body.index("没有分")
    assert "Gold" in body
    body = client.get(f"/customers/contacts/?points.level={gold.pk}").content.decode()
    assert "没有分" not in body
    assert "钱多多" in body


def test_a_rule_gives_points(member, boss):
    entity = registry[CONTACT]
    effects.perform("give_points", member, {"points": "40", "reason": "生日"}, actor=Actor(boss, "rule:1"))
    assert balance(member) == 140
    assert effects.effect_of("give_points", entity).permission == "points"


def test_an_invitation_is_rewarded_once(rep, grant, client):
    grant(rep, "loyalty.referral", view=Scope.OWN, change=Scope.OWN, points=Scope.OWN)
    inviter, invitee = make_contact(owner=rep), make_contact(owner=rep)
    referral = make_referral(owner=rep, inviter=inviter, invitee=invitee)
    client.force_login(rep)
    url = f"/customers/invitations/{referral.pk}/do/reward/"
    assert [client.post(url).status_code for _twice in range(2)] == [302, 409]
    assert (balance(inviter), balance(invitee)) == (100, 50)
    assert Referral.objects.get().state == "rewarded"


def test_nobody_is_invited_twice_nor_invites_themselves(rep, grant, client):
    grant(rep, "loyalty.referral", view=Scope.OWN, add=Scope.OWN)
    grant(rep, CONTACT, view=Scope.OWN)
    first = make_referral(owner=rep, inviter=make_contact(owner=rep), invitee=make_contact(owner=rep))
    client.force_login(rep)
    form = {"inviter": make_contact(owner=rep).pk, "invitee": first.invitee_id, "channel": "qr"}
    assert client.post("/customers/invitations/add/", form).status_code == 422
    form["invitee"] = form["inviter"]
    assert client.post("/customers/invitations/add/", form).status_code == 422


def test_points_go_with_a_merge_and_come_back(member, rep, boss):
    twin = make_contact(owner=rep)
    give(twin, 11, actor=Actor(rep))
    operation = merge([twin, member], twin, {}, actor=Actor(boss))
    dispatch()
    assert (balance(twin), balance(member)) == (111, 0)
    assert ContactMembership.objects.get(pk=twin.pk).earned == 111
    unmerge(operation, actor=Actor(boss))
    dispatch()
    assert (balance(twin), balance(member)) == (11, 100)


def test_the_ledger_goes_with_who_is_removed_for_good(member, rep, boss, client):
    delete(member, actor=Actor(boss))
    client.force_login(boss)
    client.post(f"/customers/contacts/{member.pk}/purge/", {"confirm": "on", "name": member.name})
    if Contact.objects.filter(pk=member.pk).exists():
        from crm.records.purge import purge

        purge([member], actor=Actor(boss))
    assert not PointsEntry.objects.exists()


def test_admin_pages_open(boss, client, db):
    make_account(owner=boss)
    client.force_login(boss)
    for name in ("loyaltyprogram", "memberlevel", "earnrule"):
        assert client.get(f"/admin/loyalty/{name}/").status_code == 200
        assert client.get(f"/admin/loyalty/{name}/add/").status_code == 200
