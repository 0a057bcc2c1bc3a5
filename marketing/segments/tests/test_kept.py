"""Members are kept: entering and leaving is told once, by what is written and by what time alone changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.customfields import definitions
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.models import Entry
from crm.records.purge import purge
from crm.workflows import services as rules
from crm.workflows.engine import advance
from crm.workflows.models import Rule, RuleRun
from customers.factories import make_account, make_contact
from customers.models import Account
from marketing.segments.keeping import recount
from marketing.segments.models import Segment, SegmentMember
from marketing.segments.services import add_to_list, set_conditions, take_off_list
from marketing.segments.tasks import base_new

ACCOUNT = "customers.account"
VIP = {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}
OF_VIP = {"all": [{"field": "account__level", "op": "in", "value": ["vip"]}]}


@pytest.fixture
def make_segment(rep, grant):
    grant(rep, ACCOUNT, view=Scope.OWN, change=Scope.OWN, segment=Scope.OWN)
    grant(rep, "segments.segment", view=Scope.ALL, add=Scope.ALL, change=Scope.ALL)

    def make(name="重要", condition=VIP, **values) -> Segment:
        segment = Segment(name=name, owner=rep, **values)
        records.save(segment, actor=Actor(rep))
        if condition:
            set_conditions(segment, actor=Actor(rep), condition=condition, without={})
        base_new()
        definitions.look_again()
        segment.refresh_from_db()
        return segment

    yield make
    definitions.assume_none()


def told() -> list[tuple[str, int]]:
    rows = Entry.objects.filter(kind__in=("segments.entered", "segments.left")).order_by("pk")
    return [(e.kind.rpartition(".")[2], e.record_id) for e in rows]


def inside(segment) -> set[int]:
    return set(SegmentMember.objects.filter(segment=segment).values_list("record_id", flat=True))


def put(record, rep, **values):
    for name, value in values.items():
        setattr(record, name, value)
    return records.save(record, actor=Actor(rep))


def test_who_is_in_it_at_first_did_not_enter(rep, make_segment):
    old = make_account(owner=rep, level="vip")
    segment = make_segment()
    assert inside(segment) == {old.pk} and told() == [] and segment.size == 1 and segment.based_at


def test_changes_tell_who_enters_and_leaves(rep, make_segment):
    account = make_account(owner=rep, level="a")
    segment = make_segment()
    put(account, rep, level="vip")
    put(account, rep, name="别的名字")
    put(account, rep, level="b")
    new = make_account(owner=rep, level="vip")
    assert told() == [("entered", account.pk), ("left", account.pk), ("entered", new.pk)]
    assert inside(segment) == {new.pk}
    recount(segment)
    assert len(told()) == 3


def test_the_trash_is_in_no_segment(rep, make_segment):
    account = make_account(owner=rep, level="vip")
    segment = make_segment()
    records.delete(account, actor=Actor(rep))
    assert inside(segment) == set() and told() == []


def test_time_alone_changes_what_a_recount_tells(rep, make_segment):
    account = make_account(owner=rep)
    Account.objects.filter(pk=account.pk).update(created_at=timezone.now() - timedelta(days=9))
    recent = {"all": [{"field": "created_at", "op": "last_days", "value": "10"}]}
    segment = make_segment(condition=recent)
    assert inside(segment) == {account.pk}
    Account.objects.filter(pk=account.pk).update(created_at=timezone.now() - timedelta(days=20))
    assert recount(segment) == 0
    assert told() == [("left", account.pk)]


def test_a_linked_change_moves_those_who_hang_on_it(rep, make_segment):
    account = make_account(owner=rep, level="a")
    one, _two = make_contact(account=account), make_contact(account=make_account(owner=rep, level="a"))
    segment = make_segment(of="customers.contact", condition=OF_VIP)
    put(account, rep, level="vip")
    assert inside(segment) == {one.pk} and told() == [("entered", one.pk)]


def test_other_conditions_move_in_silence_also_those_who_ask_them(rep, make_segment):
    vip, a = make_account(owner=rep, level="vip"), make_account(owner=rep, level="a")
    inner = make_segment()
    outer = make_segment("外", {"all": [{"field": "segments.in", "op": "in", "value": [inner.pk]}]})
    assert inside(outer) == {vip.pk}
    of_a = {"all": [{"field": "level", "op": "in", "value": ["a"]}]}
    set_conditions(inner, actor=Actor(rep), condition=of_a, without={})
    definitions.look_again()
    base_new()
    assert inside(inner) == inside(outer) == {a.pk} and told() == []


def test_what_is_not_understood_any_more_empties_nothing(rep, make_segment):
    account = make_account(owner=rep, level="vip")
    segment = make_segment()
    broken = {"all": [{"field": "custom.gone", "op": "is", "value": "1"}]}
    Segment.objects.filter(pk=segment.pk).update(condition=broken)
    definitions.look_again()
    segment.refresh_from_db()
    assert recount(segment) == 1
    put(account, rep, level="b")
    assert inside(segment) == {account.pk} and told() == []


def test_a_list_tells_too_and_only_once(rep, make_segment):
    account = make_account(owner=rep)
    chosen = make_segment("名单", None, kind="static")
    for _twice in range(2):
        add_to_list(account, actor=Actor(rep), segment=chosen)
    for _twice in range(2):
        take_off_list(account, actor=Actor(rep), segment=chosen)
    assert told() == [("entered", account.pk), ("left", account.pk)]


def make_rule(principal, on: str, *values, entity=ACCOUNT) -> Rule:
    rule = Rule.objects.create(name=on, entity=entity, principal=principal)
    step = {"do": "effect", "effect": "set_fields", "params": {"description": on}}
    to = [str(value) for value in values]
    rules.save_version(rule, trigger={"on": on, "to": to}, condition=None, steps=[step], actor=Actor())
    rules.switch(rule, True, actor=Actor())
    return rule


def work() -> None:
    for _round in range(4):
        dispatch()
        advance()


def test_rules_are_set_off_by_entering_and_leaving(rep, make_segment):
    account, other_one = make_account(owner=rep, level="a"), make_account(owner=rep, level="a")
    segment = make_segment()
    elsewhere = make_segment("别处", {"all": [{"field": "level", "op": "in", "value": ["b"]}]})
    make_rule(rep, "segment_entered", segment.pk)
    make_rule(rep, "segment_left", segment.pk)
    put(account, rep, level="vip")
    put(other_one, rep, level="b")
    work()
    account.refresh_from_db()
    assert account.description == "segment_entered" and inside(elsewhere) == {other_one.pk}
    put(account, rep, level="c")
    work()
    account.refresh_from_db()
    assert account.description == "segment_left"
    assert list(RuleRun.objects.order_by("id").values_list("rule__name", flat=True)) == [
        "segment_entered",
        "segment_left",
    ]


def test_undoing_sets_off_nothing(rep, make_segment):
    account = make_account(owner=rep, level="vip")
    segment = make_segment()
    make_rule(rep, "segment_entered", segment.pk)
    changes = records.change_set("undo", actor=Actor(rep))
    account.level = "a"
    records.save(account, actor=Actor(rep))
    account.level = "vip"
    records.save_many([account], actor=Actor(rep), changes=changes)
    work()
    assert not RuleRun.objects.exists()


def test_a_rule_can_only_name_what_its_principal_may_ask(rep, make_segment, field_rule, other, grant):
    segment = make_segment()
    field_rule(rep, ACCOUNT, "level", "hidden")
    from_others = type(rep).objects.get(pk=rep.pk)
    with pytest.raises(Exception, match=r"segment|分组|细分"):
        make_rule(from_others, "segment_entered", segment.pk)
    for bad in ("x", "", "999999", "1;drop table"):
        with pytest.raises(Exception, match=r"segment|分组|细分"):
            make_rule(from_others, "segment_entered", bad)


def test_purged_records_leave_no_member(rep, make_segment):
    account = make_account(owner=rep, level="vip")
    segment = make_segment()
    SegmentMember.objects.get_or_create(segment=segment, entity=ACCOUNT, record_id=account.pk)
    records.delete(account, actor=Actor(rep))
    SegmentMember.objects.get_or_create(segment=segment, entity=ACCOUNT, record_id=account.pk)
    purge([account], actor=Actor(rep))
    assert inside(segment) == set()
