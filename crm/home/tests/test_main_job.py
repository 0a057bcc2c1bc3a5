"""The main job in a real browser: from two files that people bring to a won deal that the manager finds on the dashboard."""

from __future__ import annotations

import re

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import Page, expect

from crm.demo.roles import ensure_roles
from crm.users.models import Department, User
from customers.models import Account
from sales.factories import make_pipeline
from sales.models import Lead, Opportunity, Pipeline

expect.set_options(timeout=20_000)  # two browsers may share two cores
pytestmark = pytest.mark.browser

PASSWORD = "right horse battery"
ACCOUNTS = (
    "客户名称,电话,成立时间,税号,客户代码,建档日期\r\n"
    "曾氏精密机械有限公司,02265301188,2025年3月1日,91350211M000100Y43,007,2025/3/1\r\n"
    "北辰重工集团,13800138000,1998年,,008,2024年12月31日\r\n"
)
LEADS = (
    "姓名,公司,手机,邮箱,意向产品,喜欢的颜色\n"
    "单玉,仇家湾水务有限公司,13900139000,shan@example.com,超声波水表,青色\n"
    "陈立,海岳装备,13900139001,这不是邮箱,数控机床,红色\n"
)


@pytest.fixture
def company(transactional_db) -> dict[str, User]:
    """A seller and their manager with the standard roles, and one pipeline."""
    roles = ensure_roles("en")
    centre = Department.objects.create(name="销售中心")
    branch = Department.objects.create(name="华东分公司", parent=centre)
    people = {}
    for username, name, role, department in (("zhao", "赵敏", "lead", branch), ("zhou", "周明远", "manager", centre)):
        user = User(username=username, name=name, language="en", department=department)
        user.set_password(PASSWORD)
        user.save()
        roles[role].users.add(user)
        people[role] = user
    Pipeline.objects.all().delete()
    make_pipeline()
    return people


@pytest.fixture
def site(company, live_server, page: Page):
    """``site(user)`` signs in through the page; a script error, a refusal by the CSP or a broken answer fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("response", lambda r: errors.append(f"{r.status} {r.url}") if r.status >= 500 else None)
    page.set_default_timeout(15_000)

    def sign_in(user: User) -> Page:
        page.goto("about:blank")  # the page before would go to the sign-in by itself once it asks for news
        page.context.clear_cookies()
        page.goto(live_server.url + "/sign-in/")
        page.locator("[name=username]").fill(user.username)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[data-submit]").click()
        page.wait_for_url(live_server.url + "/")
        return page

    yield sign_in
    assert errors == []


def bring(page: Page, label: str, name: str, content: bytes) -> None:
    """Take a file through all steps of an import, as it is proposed, to the page of its job."""
    origin = re.match(r"https?://[^/]+", page.url)[0]
    page.goto(f"{origin}/import/{label}/")
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.locator(".form-page [data-submit]").click()
    page.wait_for_url(re.compile(r"/imports/\d+/reading/"))
    while not re.search(r"/imports/\d+/check/", page.url):
        here = page.url
        page.locator("button[name=next]").click()
        page.wait_for_url(lambda url, here=here: url != here)
    page.locator(".form-bar [data-submit]").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/"))


def do(page: Page, verb: str, **values: str) -> None:
    """Open the dialog of a verb on a record's page, fill it in and send it."""
    page.locator(f".record-head .acts a[href$='/do/{verb}/']").first.click()
    for name, value in values.items():
        page.locator(f"#dialog [name={name}]").fill(value)
    page.locator("#dialog [data-submit]").click()
    expect(page.locator("#dialog")).to_be_hidden()


def test_from_two_files_to_a_won_deal_on_the_dashboard(company, site):
    page = site(company["lead"])
    bring(page, "customers.account", "客户.csv", ACCOUNTS.encode("gb18030"))
    expect(page.locator("#job-progress")).to_contain_text("2 / 2")
    account = Account.objects.get(name="曾氏精密机械有限公司")
    assert (account.phone, account.tax_id, account.founded) == ("02265301188", "91350211M000100Y43", 2025)
    assert account.extras == {"客户代码": "007", "建档日期": "2025/3/1"} and account.owner == company["lead"]

    bring(page, "sales.lead", "leads.csv", LEADS.encode())
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("陈立")
    expect(row).to_contain_text("E-mail")
    lead = Lead.objects.get()
    assert (lead.name, lead.extras) == ("单玉", {"喜欢的颜色": "青色"})

    page.keyboard.press("Control+k")
    page.keyboard.type("zsjm")
    expect(page.locator("[data-results] [role=option]")).to_contain_text("曾氏精密机械有限公司")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("曾氏精密机械有限公司")
    page.locator("#composer [name=text]").fill("电话确认了预算，约好下周看样机")
    page.locator("#composer [data-submit]").click()
    expect(page.locator("#tab .timeline")).to_contain_text("约好下周看样机")

    page.keyboard.press("Control+k")
    page.keyboard.type("shanyu")
    expect(page.locator("[data-results] [role=option]")).to_contain_text("单玉")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("单玉")
    expect(page.locator("main")).to_contain_text("青色")
    do(page, "convert", opportunity_name="水表改造项目", amount="3万")
    expect(page.locator("h1")).to_have_text("仇家湾水务有限公司")
    win_on_the_board(page)

    manager = site(company["manager"])
    manager.goto(manager.url + "analytics/sales/")
    manager.locator("#months summary").click()
    month = manager.locator("#months tbody tr", has_text=f"{localdate():%Y-%m}")
    expect(month.locator("a").first).to_have_text("1")
    month.locator("a").last.click()
    manager.wait_for_url(re.compile(r"/sales/opportunities/\?"))
    expect(manager.locator("tbody tr")).to_have_count(1)
    expect(manager.locator("tbody tr")).to_contain_text("水表改造项目")


def win_on_the_board(page: Page) -> None:
    """Move the one card a stage on by keyboard, then win it on its page."""
    origin = re.match(r"https?://[^/]+", page.url)[0]
    page.goto(f"{origin}/sales/opportunities/board/")
    card = page.locator(".lane-card", has_text="水表改造项目")
    expect(page.locator("[data-lane]").first.locator(".lane-card")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    card.focus()
    with page.expect_response(lambda response: "/move/" in response.url):
        page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("[data-lane]").nth(1).locator(".lane-card:not([aria-busy])")).to_have_count(1)
    assert Opportunity.objects.get().stage.name == "方案设计"
    card.locator("a").first.click()
    expect(page.locator("h1")).to_contain_text("水表改造项目")
    do(page, "win", amount="28000")
    expect(page.locator(".record-head")).to_contain_text("赢单")
    deal = Opportunity.objects.get()
    assert (deal.state, deal.amount, deal.close_date) == ("won", 28000, localdate())
