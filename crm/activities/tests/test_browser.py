"""The calendar in a real browser: dragged, moved by the keyboard, made by dragging, taken back on a conflict; checking in."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.activities.models import Task

expect.set_options(timeout=20_000)
pytestmark = pytest.mark.browser
PASSWORD = "right horse battery"


@pytest.fixture
def lin(transactional_db, make_user, keeps):
    user = make_user("lin", name="林晓")
    user.set_password(PASSWORD)
    user.save()
    keeps(user)
    return user


@pytest.fixture
def monday():
    today = timezone.localdate() + timedelta(days=7)
    return today - timedelta(days=today.weekday())


def at(day, hour):
    return timezone.make_aware(datetime.combine(day, time(hour)))


def sign_in(page: Page, address: str) -> list[str]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None
    )
    page.goto(f"{address}/sign-in/")
    page.fill("input[name=username]", "lin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")
    return errors


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=8)
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def middle(box: dict) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_calendar_by_hand_and_by_keyboard(lin, monday, make_activity, live_server, page: Page):
    task = make_activity(lin, due_at=at(monday, 10), subject="拜访设备部")
    errors = sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/calendar/?view=week&day={monday}")
    event = page.locator(".fc-event", has_text="拜访设备部")
    expect(event).to_be_visible()
    expect(page.locator("#agenda")).to_be_hidden()

    tuesday = page.locator(f'.fc-timegrid-col[data-date="{monday + timedelta(days=1)}"]')
    event.scroll_into_view_if_needed()
    x, y = middle(event.bounding_box())
    drag(page, (x, y), (middle(tuesday.bounding_box())[0], y))
    expect(page.locator("#toasts")).to_contain_text("拜访设备部")
    task.refresh_from_db()
    assert (task.due_at, task.ends_at) == (at(monday + timedelta(days=1), 10), at(monday + timedelta(days=1), 11))

    event.focus()
    with page.expect_response("**/move/") as moved:
        event.press("Shift+ArrowDown")
    assert moved.value.status == 200
    task.refresh_from_db()
    assert task.due_at == at(monday + timedelta(days=1), 10) + timedelta(minutes=30)

    Task.objects.filter(pk=task.pk).update(version=task.version + 1)
    with page.expect_response("**/move/") as refused:
        page.locator(".fc-event", has_text="拜访设备部").press("Shift+ArrowRight")
    assert refused.value.status == 409
    expect(page.locator("[data-toast=error]")).to_be_visible()
    task.refresh_from_db()
    assert timezone.localdate(task.due_at) == monday + timedelta(days=1)
    assert errors == []


def test_made_by_dragging(lin, monday, live_server, page: Page):
    errors = sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/calendar/?view=week&day={monday}")
    column = page.locator(f'.fc-timegrid-col[data-date="{monday + timedelta(days=2)}"]')
    expect(column).to_be_visible()
    nine = page.locator('.fc-timegrid-slot-lane[data-time="09:00:00"]').bounding_box()
    eleven = page.locator('.fc-timegrid-slot-lane[data-time="10:30:00"]').bounding_box()
    x = middle(column.bounding_box())[0]
    drag(page, (x, nine["y"] + 3), (x, eleven["y"] + 8))
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    dialog.locator("input[name=subject]").fill("方案评审会")
    dialog.locator("[data-submit]").click()
    expect(page.locator(".fc-event", has_text="方案评审会")).to_be_visible()
    made = Task.objects.get()
    day = monday + timedelta(days=2)
    assert (made.kind, made.due_at, made.ends_at) == ("meeting", at(day, 9), at(day, 11))
    assert errors == []


def test_checking_in_with_the_place_of_the_browser(lin, make_activity, live_server, browser, browser_context_args):
    visit = make_activity(lin)
    context = browser.new_context(
        **browser_context_args, geolocation={"latitude": 39.12345, "longitude": 117.2}, permissions=["geolocation"]
    )
    page = context.new_page()
    errors = sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/activities/tasks/{visit.pk}/do/check_in/")
    page.locator("[data-submit], .form-bar .btn-primary").first.click()
    page.wait_for_url(f"**/activities/tasks/{visit.pk}/")
    visit.refresh_from_db()
    assert (str(visit.latitude), str(visit.longitude)) == ("39.123450", "117.200000")
    assert errors == []
    context.close()


def test_any_times_before_are_chosen_by_typing(lin, monday, live_server, page: Page):
    errors = sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/activities/tasks/add/?kind=visit&subject=Visit&due_at={monday}T10:00")
    page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true })")
    page.locator("#id_remind-ts-control").click()
    options = page.locator(".ts-dropdown .option")
    for typed, place in (("45", 0), ("3", 2)):  # minutes, then days
        with page.expect_response(lambda answer, typed=typed: f"lead-times/?q={typed}" in answer.url):
            page.keyboard.type(typed)
        expect(options).to_have_count(3 if typed == "45" else 4)
        options.nth(place).click()
    expect(page.locator(".ts-dropdown:visible")).to_have_count(0)  # it covers nothing any more
    page.locator(".form-bar .btn-primary, [data-submit]").first.click()
    page.wait_for_url(re.compile(r"/activities/tasks/\d+/$"))
    assert Task.objects.get().remind == "45,4320"
    assert errors == []
