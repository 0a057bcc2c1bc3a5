"""Times before an activity: any number of minutes, hours, days or weeks, several, by every door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from crm.activities.lead_times import LONGEST, MOST, offers, parse, told
from crm.activities.models import Task
from crm.notifications.models import Notification
from crm.notifications.reminding import remind
from crm.records.models import Entry


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        (None, ""),
        ("45", "45"),
        ("1 day before, 45 minutes", "45,1440"),
        ("提前3小时、提前 1 天；45 分钟前", "45,180,1440"),
        (["1440", "0", "1440"], "0,1440"),
        ("1.5 h", "90"),
        ("不提醒", "never"),
        ("Not at all", "never"),
        ("2周", "20160"),
    ],
)
def test_words_become_minutes(given, kept):
    assert parse(given) == kept


@pytest.mark.parametrize("given", ["tomorrow", "never, 5", "91 days", "-5", "1,2,3,4,5,6", "٥", "5 5"])
def test_what_is_no_time_is_refused(given):
    with pytest.raises(ValidationError):
        parse(given)


@given(st.sets(st.integers(0, LONGEST), min_size=1, max_size=MOST), st.sampled_from(["en", "zh-hans"]))
def test_what_is_told_is_read_again(minutes, language):
    kept = ",".join(str(one) for one in sorted(minutes))
    with translation.override(language):
        assert parse(told(kept)) == kept


def test_a_number_is_offered_in_every_unit():
    with translation.override("en"):
        assert [text for _kept, text in offers("3")] == [
            "3 minutes before",
            "3 hours before",
            "3 days before",
            "3 weeks before",
        ]
        assert offers("90 min") == [("90", "90 minutes before")]
        assert offers("99 days") == []


@pytest.mark.django_db
def test_several_reminders_each_at_its_minute_and_once(client, rep, keeps):
    keeps(rep)
    client.force_login(rep)
    due = (timezone.localtime() + timedelta(days=3)).replace(hour=14, minute=0, second=0, microsecond=0)
    answer = client.post(
        "/activities/tasks/add/",
        {
            "subject": "现场勘测",
            "kind": "visit",
            "due_at": f"{due:%Y-%m-%dT%H:%M}",
            "remind": ["45", "180", "1440"],
            "owner": rep.pk,
            "priority": "normal",
            "status": "open",
        },
    )
    assert answer.status_code == 302, answer.context["form"].errors
    task = Task.objects.get()
    assert task.remind == "45,180,1440"
    moments = [due - timedelta(minutes=minutes) for minutes in (1440, 180, 45)]
    assert list(task.reminders.order_by("at").values_list("at", flat=True)) == moments
    for number, at in enumerate(moments, 1):
        assert remind(at - timedelta(seconds=1)) == 0
        assert (remind(at), remind(at), remind(at + timedelta(seconds=40))) == (1, 0, 0)
        assert Notification.objects.filter(user=rep, kind="task_due").count() == number
    page = client.get(f"/activities/tasks/{task.pk}/", headers={"accept-language": "en"}).content.decode()
    assert "45 minutes before, 3 hours before, 1 day before" in page


@pytest.mark.django_db
def test_cells_bulk_and_preferences_take_words_too(client, rep, keeps, make_activity):
    keeps(rep)
    client.force_login(rep)
    due = timezone.now() + timedelta(days=30)
    task = make_activity(rep, due_at=due)
    cell = f"/activities/tasks/{task.pk}/cell/remind/"
    assert 'value="15"' in client.get(cell).content.decode()
    page = f"/activities/tasks/{task.pk}/"
    assert '<span class="muted">As each person prefers</span>' in client.get(page).content.decode()
    assert client.post(cell, {"remind": ["20", "2880"], "version": task.version}).status_code == 200
    task.refresh_from_db()
    assert task.remind == "20,2880"
    assert "As each person prefers" not in client.get(page).content.decode()
    assert Entry.objects.latest("id").changes == {"remind": ["", "20,2880"]}
    assert client.post(cell, {"remind": ["soon"], "version": task.version}).status_code == 422
    assert client.post("/calendar/addresses/", {"remind": ["7", "10080"]}).status_code == 302
    rep.refresh_from_db()
    assert rep.preferences["remind"] == "7,10080"
    assert client.post("/calendar/addresses/", {}).status_code == 422
    usual = make_activity(rep, due_at=due)
    assert usual.reminders.count() == 2
    found = client.get("/activities/lead-times/", {"q": "45"}).json()["results"]
    assert [one["id"] for one in found] == ["45", "2700", "64800"]


@pytest.mark.django_db
def test_of_several_those_that_have_gone_by_are_left_out(rep, keeps, make_activity):
    keeps(rep)
    due = (timezone.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    some = make_activity(rep, due_at=due, remind="30,1440")
    none = make_activity(rep, due_at=due, remind="1440,2880")
    assert list(some.reminders.values_list("at", flat=True)) == [due - timedelta(minutes=30)]
    assert list(none.reminders.values_list("at", flat=True)) == [due]
