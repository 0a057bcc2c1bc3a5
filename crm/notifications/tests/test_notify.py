"""The door, the inbox, the bell: who is told what, and what of it may still be seen."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext_lazy

from crm.access.models import RecordShare, Scope
from crm.activities import following, sharing, talking
from crm.entities.effects import perform
from crm.jobs import running
from crm.jobs.models import Job
from crm.jobs.services import start_job
from crm.notifications import notices
from crm.notifications.models import Choice, Notification
from crm.notifications.reminding import remind
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from sales.factories import make_opportunity
from sales.services import win_opportunity

LABEL = "sales.opportunity"
ALL = Scope.ALL


def told(user):
    return [(row.kind, row.record_id) for row in Notification.objects.filter(user=user).order_by("pk")]


def sentences(client):
    return [line.sentence for line in client.get("/notifications/").context["lines"]]


def test_whoever_did_it_and_whoever_may_not_see_it_is_not_told(deal, seller, reader, make_user):
    stranger, gone = make_user("stranger"), make_user("gone", is_active=False)
    people = [seller, reader, stranger, gone]
    notify(people, notices.COMMENTED, actor=Actor(reader), record=deal)
    assert [told(user) for user in people] == [[("commented", deal.pk)], [], [], []]


def test_the_same_key_tells_once(deal, seller):
    for _time in range(2):
        notify([seller, seller.pk], notices.MENTIONED, record=deal, key="k")
    assert told(seller) == [("mentioned", deal.pk)]


def test_what_one_may_not_see_any_more_is_not_shown(client, deal, seller, reader, grant):
    comment = talking.add_comment(deal, "内部价 88 万", actor=Actor(seller))
    notify([reader], notices.COMMENTED, actor=Actor(seller), record=deal, subject=comment)
    client.force_login(reader)
    assert sentences(client) == ["林晓 commented on 泵站改造"]
    assert "内部价 88 万" in client.get("/notifications/").content.decode()
    assert "泵站改造" in client.get("/notifications/latest/").content.decode()
    grant(reader, LABEL, view=Scope.OWN)
    assert sentences(client) == ["This was about a record that you may not see any more."]
    for url in ("/notifications/", "/notifications/latest/"):
        page = client.get(url).content.decode()
        assert not [word for word in ("泵站", "林晓", "内部价") if word in page]
    row = Notification.objects.get(user=reader)
    assert client.get(f"/notifications/{row.pk}/").url == "/notifications/"


def test_a_deleted_comment_is_not_quoted(client, deal, seller, reader):
    comment = talking.add_comment(deal, "说错了", actor=Actor(reader))
    notify([seller], notices.COMMENTED, actor=Actor(reader), record=deal, subject=comment)
    records.delete(comment, actor=Actor(reader))
    client.force_login(seller)
    assert "说错了" not in client.get("/notifications/").content.decode()


def test_words_of_a_person_stand_as_they_are(client, deal, seller):
    notify([seller], notices.RULE, record=deal, text="100%% sure")
    client.force_login(seller)
    assert sentences(client) == ["100% sure"]


def test_sentences_are_in_the_language_of_the_reader(client, deal, seller, reader):
    notify([seller], notices.RULE, record=deal, text=gettext_lazy("Today"))
    client.force_login(seller)
    assert sentences(client) == ["Today"]
    seller.language = "zh-hans"
    seller.save()
    assert sentences(client) == ["今天"]


def test_nobody_reads_what_others_were_told(client, deal, seller, reader):
    notify([seller], notices.MENTIONED, record=deal)
    row = Notification.objects.get()
    client.force_login(reader)
    assert client.get(f"/notifications/{row.pk}/").status_code == 404
    assert client.post(f"/notifications/{row.pk}/read/").status_code == 404
    assert sentences(client) == []
    client.post("/notifications/read/")
    row.refresh_from_db()
    assert row.read_at is None


def test_reading_and_counting(client, deal, seller, django_assert_num_queries):
    for number in range(3):
        notify([seller], notices.MENTIONED, record=deal, key=str(number))
    client.force_login(seller)
    answer = client.get("/notifications/count/")
    assert answer.content == b"3"
    same = client.get("/notifications/count/", headers={"If-None-Match": answer["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    first = Notification.objects.order_by("pk").first()
    assert client.get(f"/notifications/{first.pk}/").url == f"/sales/opportunities/{deal.pk}/"
    again = client.get("/notifications/count/", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (200, b"2")
    second = Notification.objects.order_by("pk")[1]
    client.post(f"/notifications/{second.pk}/read/")
    assert len(client.get("/notifications/?show=unread").context["lines"]) == 1
    client.post("/notifications/read/")
    assert client.get("/notifications/count/").content == b""
    with django_assert_num_queries(3):  # session, person, count
        client.get("/notifications/count/")


def test_the_inbox_pages_back(client, deal, seller):
    for number in range(35):
        notify([seller], notices.MENTIONED, record=deal, key=str(number))
    client.force_login(seller)
    first = client.get("/notifications/").context
    assert len(first["lines"]) == 30
    assert len(client.get(f"/notifications/?before={first['more']}").context["lines"]) == 5
    assert client.get("/notifications/?before=x&kind=nonsense&show=1").status_code == 200
    assert len(client.get("/notifications/?kind=commented").context["lines"]) == 0


def test_the_page_costs_the_same_for_many(client, deal, seller, django_assert_max_num_queries):
    deals = [make_opportunity(owner=seller) for _n in range(10)]
    for one in [deal, *deals]:
        notify([seller], notices.MENTIONED, record=one)
    client.force_login(seller)
    client.get("/notifications/")  # fills what the process keeps
    with django_assert_max_num_queries(10):
        client.get("/notifications/")


def test_choices_decide_the_ways(client, deal, seller):
    client.force_login(seller)
    page = client.get("/notifications/preferences/").content.decode()
    assert 'name="kind-mentioned"' in page
    assert 'name="kind-not_sent"' not in page
    data = {"quiet_from": "22:00", "quiet_until": "07:00", "digest_at": "09:00", "kind-commented": ["digest"]}
    assert client.post("/notifications/preferences/", data).status_code == 302
    assert Choice.objects.get(user=seller, kind="mentioned").channels == []
    notify([seller], notices.MENTIONED, record=deal)
    assert told(seller) == []
    notify([seller], notices.COMMENTED, record=deal)
    row = Notification.objects.get()
    assert (row.in_app, row.in_digest) == (False, True)
    assert sentences(client) == []
    bad = client.post("/notifications/preferences/", {**data, "quiet_until": ""})
    assert bad.status_code == 422


def test_given_records_are_told_to_their_new_owner(client, deal, seller, reader):
    following.follow(deal, reader)
    boss_actor = Actor(reader)
    third = make_opportunity(owner=seller)
    deal.owner = reader
    records.save(deal, actor=Actor(seller))
    assert told(reader) == [("assigned", deal.pk)]
    third.owner = reader
    records.save(third, actor=boss_actor)
    assert told(reader) == [("assigned", deal.pk)]


def test_many_given_at_once_are_told_as_one(client, seller, reader):
    actor = Actor(seller, "job:7")
    for _batch in range(2):
        deals = [make_opportunity(owner=seller) for _n in range(5)]
        for one in deals:
            one.owner = reader
        records.save_many(deals, actor=actor)
    assert told(reader) == [("assigned_many", None)]
    assert Notification.objects.get().data == {"count": 10}


def test_comments_are_told_to_those_mentioned_and_those_who_follow(client, deal, seller, reader, make_user, grant):
    third, blind = make_user("third", name="赵敏"), make_user("blind", name="周明")
    grant(third, LABEL, view=ALL)
    client.force_login(reader)
    data = {"kind": "comment", "text": "@赵敏 @周明 看看"}
    client.post(f"/activities/add/{LABEL}/{deal.pk}/", data)
    dispatch()
    assert (told(third), told(seller), told(reader), told(blind)) == (
        [("mentioned", deal.pk)],
        [("commented", deal.pk)],
        [],
        [],
    )
    client.force_login(third)
    assert sentences(client) == ["陈立 mentioned you on 泵站改造"]
    talking.edit_comment(talking.Comment.objects.get(), "@赵敏 再看看", actor=Actor(reader))
    dispatch()
    assert len(told(third)) == 1


def test_who_follows_hears_of_a_win(client, deal, seller, reader):
    following.follow(deal, reader)
    win_opportunity(deal, actor=Actor(seller))
    dispatch()
    assert told(reader) == [("moved", deal.pk)]
    client.force_login(reader)
    assert sentences(client) == ["林晓 won 泵站改造"]
    assert told(seller) == []


def test_opening_a_record_is_told(deal, seller, make_user, grant, team):
    one, two = make_user("one"), make_user("two")
    for user in (one, two):
        grant(user, LABEL, view=Scope.OWN)
    sharing.share_record(deal, actor=Actor(seller), team=team("North", one, two))
    dispatch()
    assert (told(one), told(two)) == ([("shared", deal.pk)], [("shared", deal.pk)])


def test_long_work_that_ends_is_told(client, seller):
    from crm.jobs.kinds import job_kind, kinds

    job_kind("test.fine", "Fine")(lambda running: {})
    job_kind("test.quiet", "Quiet", quiet=True)(lambda running: {})
    try:
        jobs = [start_job(kind, user=seller, params={}, title=f"列表 {kind}") for kind in ("test.fine", "test.quiet")]
        for job in jobs:
            running.run(job.pk)
    finally:
        del kinds["test.fine"], kinds["test.quiet"]
    assert Job.objects.filter(state="done").count() == 2
    client.force_login(seller)
    assert sentences(client) == ["Done: 列表 test.fine"]
    row = Notification.objects.get()
    assert client.get(f"/notifications/{row.pk}/").url == f"/jobs/{jobs[0].pk}/"


def test_tasks_are_told_when_due_once(seller, grant):
    from datetime import timedelta

    from crm.activities.services import add_task

    grant(seller, "activities.task", view=Scope.OWN)
    task = add_task(None, subject="回电", actor=Actor(seller))
    from django.utils import timezone

    now = timezone.now()
    task.due_at = now + timedelta(minutes=30)
    records.save(task, actor=Actor(seller))
    assert remind(now) == 0
    assert remind(now + timedelta(minutes=16)) == 1
    assert remind(now + timedelta(minutes=17)) == 0
    assert told(seller) == [("task_due", task.pk)]


def test_the_effect_tells_those_who_may_see_it(deal, seller, reader, make_user):
    stranger = make_user("stranger")
    params = {"to": "people", "people": [str(reader.pk), str(stranger.pk)], "text": "请跟进"}
    assert "1" in perform("notify", deal, params, actor=Actor(seller, "rule:1"))
    assert (told(reader), told(stranger)) == ([("rule", deal.pk)], [])
    perform("notify", deal, {"to": "owner", "text": ""}, actor=Actor(seller, "rule:1"))
    assert told(seller) == [("rule", deal.pk)]


def test_what_was_removed_for_good_is_not_told_of(deal, seller):
    from crm.records.purge import purge

    notify([seller], notices.MENTIONED, record=deal)
    following.follow(deal, seller)
    records.delete(deal, actor=Actor(seller))
    purge([deal], actor=Actor(seller))
    assert not Notification.objects.exists()
    assert not following.Follow.objects.exists()


@pytest.mark.parametrize("url", ["", "count/", "latest/", "preferences/", "1/"])
def test_only_who_is_signed_in_has_an_inbox(client, db, url):
    answer = client.get(f"/notifications/{url}")
    assert answer.status_code == 302
    assert "/sign-in/" in answer.url


def test_the_bell_is_on_every_page(client, seller):
    client.force_login(seller)
    page = client.get("/").content.decode()
    assert 'hx-get="/notifications/count/"' in page
    assert RecordShare.objects.count() == 0
