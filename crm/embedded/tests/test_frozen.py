"""Redis frozen: people sign in, read and save as if nothing were the matter, within the time-outs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from crm.embedded.places import ROOT
from crm.embedded.tests.test_supervisor import Program, free_port

pytestmark = pytest.mark.slow
PATIENCE = 6  # seconds for one page on two busy cores; without time-outs it would be forever
PEOPLE = """
from crm.users.models import User
User.objects.create_superuser("li", password="a-long-secret-1", name="li", language="en")
"""


class Filled(HTMLParser):
    """What the fields of a page hold as it comes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "select":
            self.select = given.get("name", "")
        elif tag == "option" and self.select and ("selected" in given or self.select not in self.values):
            self.values[self.select] = given.get("value", "")
        elif tag == "input" and given.get("name") and given.get("type") not in {"checkbox", "radio", "submit"}:
            self.values.setdefault(given["name"], given.get("value", ""))


class Browser:
    """Goes to pages as a person does, and minds how long each takes."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        return self._ask(path, None)

    def post(self, path: str, **data: str) -> str:
        return self._ask(path, urlencode({**Filled(self.get(path)).values, **data}).encode())

    def _ask(self, path: str, body: bytes | None) -> str:
        started = time.monotonic()
        with self.opener.open(self.base + path, body, timeout=PATIENCE) as answer:
            page = answer.read().decode()
        assert time.monotonic() - started < PATIENCE, path
        return page

    def ready(self) -> tuple[int, str]:
        try:
            return 200, self.get("/readyz")
        except HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def program(data):
    started = Program(data, free_port())
    started.wait_until_ready()
    environment = os.environ | dict(
        line.split("=", 1) for line in (data / "environment").read_text().splitlines() if "=" in line
    )
    command = [sys.executable, "manage.py", "shell", "-c", PEOPLE]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    yield started
    started.stop()


def valkey_of(data: Path) -> int:
    """The process of the program's own Valkey."""
    own = os.fsencode(data)
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if b"valkey-server" in (path / "cmdline").read_bytes() and own in os.fsencode(os.readlink(path / "cwd")):
                return int(path.name)
        except OSError:
            continue
    raise AssertionError("Valkey does not run.")


def test_people_go_on_while_redis_is_frozen_and_afterwards(program, data):
    browser, valkey = Browser(program.port), valkey_of(data)
    os.kill(valkey, signal.SIGSTOP)
    try:
        code, why = browser.ready()
        assert (code, "does not answer" in why, '"database": "ok"' in why) == (503, True, True)
        page = browser.post("/sign-in/", username="li", password="a-long-secret-1")
        assert "sign-out" in page
        for number in range(3):
            browser.post("/customers/accounts/add/", name=f"冻结{number}有限公司")
        assert all(f"冻结{number}有限公司" in browser.get("/customers/accounts/") for number in range(3))
        assert "冻结0有限公司" in browser.get("/search/?q=%E5%86%BB%E7%BB%930")
    finally:
        os.kill(valkey, signal.SIGCONT)
    deadline = time.monotonic() + 30
    while browser.ready()[0] != 200:
        assert time.monotonic() < deadline, browser.ready()
        time.sleep(0.5)
    assert "冻结2有限公司" in browser.get("/customers/accounts/")
