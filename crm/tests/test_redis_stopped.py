"""Redis is gone, not only slow: people sign in, save, list and search, and reminders come, in the running program."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from crm.embedded.places import ROOT
from crm.embedded.tests.test_frozen import Browser
from crm.embedded.tests.test_supervisor import free_port
from crm.embedded.valkey import Valkey
from crm.notifications.models import Notification
from crm.tests.processes import environment
from crm.users.models import User
from customers.models import Account

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PASSWORD = "a-long-secret-1"
# The program's own clock, only that its minute lasts two seconds.
BEAT = """
import sys
from crm.celery import app
app.conf.beat_schedule["notifications.reminders"]["schedule"] = 2
app.Beat(loglevel="ERROR", schedule=sys.argv[1], quiet=True).run()
"""


@pytest.fixture
def valkey(tmp_path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def start(valkey, tmp_path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a process of the program on the test's database and this Valkey."""
    own = environment(REDIS_URL=valkey.url, DATA_DIR=str(tmp_path), PRIVATE_ROOT=str(tmp_path / "private"))
    own.pop("PYTEST_CURRENT_TEST", None)
    running = []

    def start(*command: str) -> subprocess.Popen:
        with (tmp_path / "said").open("ab") as said:
            running.append(subprocess.Popen([sys.executable, *command], cwd=ROOT, env=own, stdout=said, stderr=said))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(30)


def until(happens: Callable[[], bool], said: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, said.read_text()[-4000:]
        time.sleep(0.2)


def answers(browser: Browser) -> bool:
    try:
        return bool(browser.get("/sign-in/"))
    except OSError:
        return False


@pytest.mark.parametrize("before", [True, False], ids=["stopped while it runs", "never started"])
def test_people_go_on_and_reminders_come(valkey, start, tmp_path, before):
    li = User.objects.create(
        username="li",
        name="li",
        language="en",
        is_superuser=True,
        is_staff=True,
        password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1000),
    )
    if not before:
        valkey.stop()
    said, browser = tmp_path / "said", Browser(free_port())
    start("manage.py", "runserver", "--noreload", browser.base.removeprefix("http://"))
    clock = start("-c", BEAT, str(tmp_path / "schedule"))
    until(lambda: answers(browser), said)
    if before:
        until(lambda: "tasks.reminders" in str(valkey._client().lrange("celery", 0, -1)), said)  # the clock sends
        valkey.stop()

    assert "sign-out" in browser.post("/sign-in/", username="li", password=PASSWORD)
    assert browser.ready()[0] == 503
    browser.post("/customers/accounts/add/", name="停机有限公司")
    assert Account.objects.get().owner == li
    assert "停机有限公司" in browser.get("/customers/accounts/")
    assert "停机有限公司" in browser.get("/search/?q=%E5%81%9C%E6%9C%BA")
    now = timezone.localtime()
    browser.post("/activities/tasks/add/", subject="现场勘测", due_at=f"{now:%Y-%m-%dT%H:%M}", remind="0")
    until(lambda: Notification.objects.filter(user=li, kind="task_due").exists(), said)
    assert "现场勘测" in browser.get("/notifications/")
    time.sleep(4)  # two more minutes of this clock
    assert Notification.objects.filter(kind="task_due").count() == 1
    assert clock.poll() is None

    valkey.start()
    until(lambda: browser.ready()[0] == 200, said)
    until(lambda: "tasks.reminders" in str(valkey._client().lrange("celery", 0, -1)), said)
