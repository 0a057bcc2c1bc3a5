"""Comments, mentions, followers and collaborators, through their doors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import RecordShare, Scope
from crm.activities import following, sharing, talking
from crm.activities.models import Comment, Follow
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry, EntryLink
from sales.factories import make_opportunity

OWN, ALL = Scope.OWN, Scope.ALL
LABEL = "sales.opportunity"


@pytest.fixture
def seller(rep, grant):
    grant(rep, LABEL, view=OWN, change=OWN)
    return rep


@pytest.fixture
def deal(seller):
    return make_opportunity(owner=seller, name="泵站")


@pytest.fixture
def reader(other, grant):
    grant(other, LABEL, view=ALL)
    return other


def add(client, deal, text, **more):
    return client.post(f"/activities/add/{LABEL}/{deal.pk}/", {"kind": "comment", "text": text, **more})


def page(client, deal):
    return client.get(f"/sales/opportunities/{deal.pk}/").content.decode()


def test_who_sees_the_record_comments_and_all_who_see_it_read(client, deal, seller, reader):
    client.force_login(reader)
    assert add(client, deal, "价格再低一点？").status_code == 302
    comment = Comment.objects.get()
    assert (comment.owner, comment.on_id, comment.text) == (reader, deal.pk, "价格再低一点？")
    client.force_login(seller)
    assert "价格再低一点？" in page(client, deal)
    entry = Entry.objects.get(kind="activities.comment.created")
    assert EntryLink.objects.filter(entry_id=entry.pk, entity=LABEL, record_id=deal.pk).exists()


def test_who_does_not_see_the_record_neither_reads_nor_writes(client, deal, seller, other, grant):
    comment = talking.add_comment(deal, "秘密", actor=Actor(seller))
    grant(other, LABEL, view=OWN, change=OWN)
    client.force_login(other)
    assert add(client, deal, "x").status_code == 404
    for url in (f"comments/{comment.pk}/reply/", f"comments/{comment.pk}/change/", f"mentions/{LABEL}/{deal.pk}/"):
        assert client.get(f"/activities/{url}").status_code == 404
    assert client.post(f"/activities/comments/{comment.pk}/remove/").status_code == 404
    assert client.get(f"/activities/comments/{comment.pk}/").status_code == 404
    assert "秘密" not in client.get("/activities/comments/").content.decode()
    assert f"/activities/comments/{comment.pk}/" not in client.get("/search/?q=秘密").content.decode()
    client.force_login(seller)
    assert f"/activities/comments/{comment.pk}/" in client.get("/search/?q=秘密").content.decode()


def test_only_who_wrote_it_changes_it_and_the_history_keeps_both(client, deal, seller, reader):
    comment = talking.add_comment(deal, "早的话", actor=Actor(reader))
    client.force_login(seller)
    assert client.post(f"/activities/comments/{comment.pk}/change/", {"text": "x"}).status_code == 403
    assert client.post(f"/activities/comments/{comment.pk}/remove/").status_code == 403
    assert client.post(f"/activities/comments/{comment.pk}/edit/", {"text": "x", "version": 1}).status_code in {
        403,
        404,
    }
    client.force_login(reader)
    assert client.post(f"/activities/comments/{comment.pk}/change/", {"text": "晚的话"}).status_code == 302
    comment.refresh_from_db()
    assert comment.text == "晚的话"
    assert Entry.objects.get(kind="activities.comment.changed").changes["text"] == ["早的话", "晚的话"]
    shown = page(client, deal)
    assert "晚的话" in shown
    assert "早的话" not in shown


def test_a_deleted_comment_is_not_read_any_more_until_it_comes_back(client, deal, reader):
    comment = talking.add_comment(deal, "别看这句", actor=Actor(reader))
    talking.add_comment(deal, "回答", actor=Actor(reader), answers=comment)
    client.force_login(reader)
    client.post(f"/activities/comments/{comment.pk}/remove/")
    shown = page(client, deal)
    assert "别看这句" not in shown
    assert "This comment was deleted." in shown
    comment.refresh_from_db()
    records.restore(comment, actor=Actor(reader))
    assert "别看这句" in page(client, deal)


def test_answers_go_one_level_deep(client, deal, seller, reader):
    first = talking.add_comment(deal, "第一", actor=Actor(seller))
    second = talking.add_comment(deal, "第二", actor=Actor(reader), answers=first)
    client.force_login(reader)
    assert client.post(f"/activities/comments/{second.pk}/reply/", {"text": "第三"}).status_code == 302
    third = Comment.objects.get(text="第三")
    assert (third.answers, third.on_id) == (first, deal.pk)
    other_deal = make_opportunity(owner=seller)
    with pytest.raises(talking.ValidationError):
        talking.add_comment(other_deal, "x", actor=Actor(seller), answers=first)


def test_names_behind_an_at_are_people(make_user):
    li, wang = make_user("li", name="李雷"), make_user("wang", name="王伟")
    twin = make_user("wang2", name="王伟")
    make_user("gone", name="走了", is_active=False)
    assert talking.named("@李雷请看一下, @走了") == [li]
    assert talking.named("a@b.example") == []
    assert talking.named("@王伟 你好") == []
    assert talking.named("@王伟 你好", [twin.pk]) == [twin]
    assert talking.named("@wang你好") == [wang]
    assert talking.named("你好", [li.pk]) == []


def test_suggestions_are_those_who_see_the_record(client, deal, seller, reader, make_user, grant):
    blind = make_user("blind", name="陈力")
    grant(blind, LABEL, view=OWN)
    client.force_login(reader)
    answer = client.get(f"/activities/mentions/{LABEL}/{deal.pk}/?q=linxiao").json()["results"]
    assert [person["id"] for person in answer] == [seller.pk]
    assert client.get(f"/activities/mentions/{LABEL}/{deal.pk}/?q=chenli").json()["results"] == []
    client.force_login(seller)
    found = client.get(f"/activities/mentions/{LABEL}/{deal.pk}/?q=chenli").json()["results"]
    assert [(person["id"], bool(person["hint"])) for person in found] == [(reader.pk, False), (blind.pk, True)]


def test_speaking_to_who_does_not_see_it_offers_to_share(client, deal, seller, make_user, grant):
    blind = make_user("blind", name="周明")
    grant(blind, LABEL, view=OWN)
    client.force_login(seller)
    answer = add(client, deal, "@周明 请报价", mentions=[blind.pk])
    assert answer.url == f"/activities/share/{LABEL}/{deal.pk}/?user={blind.pk}"
    assert not Follow.objects.filter(user=blind).exists()
    answer = client.post(answer.url, {"user": blind.pk, "level": "read", "reason": "报价"})
    assert answer.url == f"/sales/opportunities/{deal.pk}/"
    client.force_login(blind)
    assert client.get(f"/sales/opportunities/{deal.pk}/").status_code == 200


def test_what_one_takes_part_in_one_follows_unless_one_said_no(client, deal, seller, reader, make_user, grant):
    third = make_user("third", name="赵敏")
    grant(third, LABEL, view=ALL)
    talking.add_comment(deal, "@赵敏 看看", actor=Actor(reader))
    assert following.followers(deal) == {seller.pk: "owner", reader.pk: "commented", third.pk: "mentioned"}
    client.force_login(reader)
    client.post(f"/activities/follow/{LABEL}/{deal.pk}/", {"on": "0"})
    client.force_login(seller)
    client.post(f"/activities/follow/{LABEL}/{deal.pk}/", {"on": "0"})
    assert following.followers(deal) == {third.pk: "mentioned"}
    talking.add_comment(deal, "再说", actor=Actor(reader))
    assert following.followers(deal) == {third.pk: "mentioned"}
    client.post(f"/activities/follow/{LABEL}/{deal.pk}/", {"on": "1"})
    assert following.follows(deal, seller)


def test_only_who_changes_and_owns_or_holds_the_grant_shares(client, deal, seller, reader, grant, make_user):
    target = make_user("target")
    grant(target, LABEL, view=OWN)
    url, data = f"/activities/share/{LABEL}/{deal.pk}/", {"user": target.pk, "level": "edit"}
    client.force_login(reader)
    assert client.post(url, data).status_code == 403
    grant(reader, LABEL, change=ALL)
    assert client.post(url, data).status_code == 403
    grant(reader, LABEL, share=ALL)
    assert client.post(url, data).status_code == 302
    made = RecordShare.objects.get()
    assert (made.user, made.level, made.created_by, made.until) == (target, "edit", reader, None)
    client.force_login(target)
    assert client.get(url).status_code == 403
    assert client.post(f"/activities/share/{made.pk}/end/").status_code == 403
    client.force_login(seller)
    assert client.post(f"/activities/share/{made.pk}/end/").status_code == 302
    assert not RecordShare.objects.exists()
    client.force_login(target)
    assert client.get(f"/sales/opportunities/{deal.pk}/").status_code == 404
    kinds = Entry.objects.filter(kind__startswith="activities.share").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["activities.share.given", "activities.share.ended"]


def test_a_share_names_its_last_day(client, deal, seller, make_user, grant):
    target = make_user("target")
    grant(target, LABEL, view=OWN)
    client.force_login(seller)
    day = timezone.localdate() + timedelta(days=5)
    url = f"/activities/share/{LABEL}/{deal.pk}/"
    assert client.post(url, {"user": target.pk, "level": "read", "until": day.isoformat()}).status_code == 302
    wrong = (day + timedelta(days=1)).isoformat()
    for page in (f"/activities/people/{LABEL}/{deal.pk}/", f"/sales/opportunities/{deal.pk}/timeline/"):
        shown = client.get(page).content.decode()
        assert f"until {day}" in shown and wrong not in shown


def test_a_share_needs_one_receiver_who_may_see_such_records_and_a_day_ahead(client, deal, seller, make_user, team):
    stranger = make_user("stranger")
    crowd = team("North", stranger)
    client.force_login(seller)
    url = f"/activities/share/{LABEL}/{deal.pk}/"
    for data in (
        {"level": "read"},
        {"level": "read", "user": stranger.pk, "team": crowd.pk},
        {"level": "read", "user": stranger.pk},
        {"level": "read", "team": crowd.pk, "until": "2020-01-01"},
        {"level": "owner", "team": crowd.pk},
    ):
        assert client.post(url, data).status_code == 422
    assert not RecordShare.objects.exists()


def test_a_share_ends_by_itself_and_the_history_says_so(client, deal, seller, make_user, grant):
    target = make_user("target")
    grant(target, LABEL, view=OWN)
    until = timezone.now() + timedelta(days=2)
    sharing.share_record(deal, actor=Actor(seller), user=target, until=until, reason="试用")
    client.force_login(target)
    assert client.get(f"/sales/opportunities/{deal.pk}/").status_code == 200
    assert sharing.end_expired(until - timedelta(hours=1)) == 0
    assert sharing.end_expired(until + timedelta(hours=1)) == 1
    assert client.get(f"/sales/opportunities/{deal.pk}/").status_code == 404
    entry = Entry.objects.get(kind="activities.share.ended")
    assert (entry.actor_id, entry.data["to"]) == (None, "target")
    client.force_login(seller)
    assert "试用" in page(client, deal)


def test_the_people_of_a_record_are_shown_beside_it(client, deal, seller, reader):
    following.follow(deal, reader)
    client.force_login(seller)
    shown = client.get(f"/activities/people/{LABEL}/{deal.pk}/").content.decode()
    assert "1 person follows this" in shown
    assert "Share with a colleague" in shown
    client.force_login(reader)
    assert "Share with a colleague" not in client.get(f"/activities/people/{LABEL}/{deal.pk}/").content.decode()
