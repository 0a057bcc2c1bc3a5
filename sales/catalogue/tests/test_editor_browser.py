"""The line editor in a real browser: pinyin, keys, cells of a spreadsheet, and a closed tab that loses nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from crm.access.models import Scope
from crm.reference.models import NumberSequence
from sales.catalogue.factories import make_product
from sales.quotes.factories import make_quote

expect.set_options(timeout=20_000)
pytestmark = pytest.mark.browser
PASSWORD = "right horse battery"


@pytest.fixture
def quote(transactional_db, make_user, grant):
    sequence = {"name": "Quotes", "prefix": "BJ", "gap_free": False}
    NumberSequence.objects.get_or_create(code="sales.quote", defaults=sequence)
    user = make_user("lin", name="林晓")
    user.set_password(PASSWORD)
    user.save()
    for label in ("quotes.quote", "quotes.quoteline", "customers.account"):
        grant(user, label, **dict.fromkeys(("view", "add", "change", "delete"), Scope.OWN))
    grant(user, "catalogue.product", view=Scope.ALL)
    make_product(owner=user, name="变频控制柜", code="KZG-1", list_price=Decimal(500))
    return make_quote(owner=user, lines=[{"name": "泵"}])


def cells(page: Page, name: str) -> list[str]:
    found = page.locator(f'#lines-body [data-cell="{name}"]')
    return [found.nth(place).input_value() for place in range(found.count())]


def test_pinyin_keys_paste_and_a_closed_tab(quote, live_server, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("input[name=username]", "lin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{live_server.url}/")
    address = f"{live_server.url}/sales/quotes/{quote.pk}/lines/"
    page.goto(address)

    page.locator("[data-find]").press_sequentially("bpkzg")
    expect(page.locator("#lines-found [role=option]").first).to_contain_text("变频控制柜")
    page.keyboard.press("Enter")
    rows = page.locator("#lines-body [data-line]")
    expect(rows).to_have_count(2)
    page.keyboard.type("3")
    expect(page.locator("#lines-sums")).to_contain_text("2,500.00")
    page.keyboard.press("Control+d")
    expect(rows).to_have_count(3)
    page.keyboard.press("Control+Delete")
    expect(rows).to_have_count(2)
    rows.nth(1).locator('[data-cell="quantity"]').focus()
    page.keyboard.press("Alt+ArrowUp")
    assert cells(page, "name") == ["变频控制柜", "泵"]
    rows.nth(0).locator('[data-cell="quantity"]').focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1).locator('[data-cell="quantity"]')).to_be_focused()
    page.evaluate("""() => {
      const data = new DataTransfer()
      data.setData("text/plain", "KZG-1\\t2\\n安装\\t1\\t800")
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))
    }""")
    expect(rows).to_have_count(4)
    assert (cells(page, "quantity"), quote.lines.count()) == (["3", "1", "2", "1"], 1)

    tab = page.context.new_page()
    page.wait_for_timeout(700)
    page.close()
    tab.goto(address)
    expect(tab.locator("#lines-body [data-line]")).to_have_count(1)
    tab.locator("[data-kept-use]").click()
    expect(tab.locator("#lines-body [data-line]")).to_have_count(4)
    assert cells(tab, "name")[:2] == ["变频控制柜", "泵"]
    tab.locator('.form-bar [name="do"][value="save"]').click()
    expect(tab.locator("[data-error-summary]")).to_have_count(0)
    tab.goto(address)
    expect(tab.locator("#lines-body [data-line]")).to_have_count(4)
    expect(tab.locator("[data-kept-offer]")).to_be_hidden()
    assert quote.lines.filter(deleted_at__isnull=True).count() == 4
    assert errors == []
