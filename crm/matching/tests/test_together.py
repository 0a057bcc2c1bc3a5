"""Fifty people enter the same customer at the same moment, over HTTP, before two web processes: one record, forty-nine answers."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from crm.access.models import Scope
from crm.api.tests.conftest import Caller
from crm.matching.models import UniqueKey
from crm.tests.processes import environment
from crm.users.models import User
from customers.models import Account

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
MANY = 50
CSRF = "x" * 32


@contextmanager
def started() -> Iterator[list[int]]:
    """Two web processes on the test's database; their ports."""
    ports, processes = [], []
    with tempfile.TemporaryFile("w+") as said:
        for _number in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
            command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{ports[-1]}"]
            told = {"stdout": said, "stderr": said}
            processes.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment(), **told))
        try:
            for port in ports:
                _answers(port)
            yield ports
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)
            said.seek(0)
            print(said.read())  # shown where a test fails


@pytest.fixture
def web(rule):
    """Two web processes that know the rule."""
    rule("phone")
    with started() as ports:
        yield ports


def _answers(port: int) -> None:
    for _attempt in range(300):
        try:
            call = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            call.request("GET", "/healthz")
            call.getresponse()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the web process does not answer")


@pytest.fixture
def people(grant, department):
    """Ten people who see only what is theirs."""
    made = [User.objects.create(username=f"p{n}", name=f"人{n}", department=department) for n in range(10)]
    for person in made:
        grant(person, "customers.account", view=Scope.OWN, add=Scope.OWN)
    return made


def at_once(ports, requests) -> list[tuple[int, str]]:
    """Send all requests at the same moment, each over a connection of its own; (status, body) of each.

    Who is told that the rows are busy (503) asks again, as the answer says: on a slow machine the last wait too long. So does
    whoever the server let go before it took the connection, as more knock than may wait at its door.
    """
    barrier = Barrier(len(requests))

    def send(number: int) -> tuple[int, str]:
        path, body, headers = requests[number]
        call = http.client.HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=120)
        call.connect()
        barrier.wait(30)
        for _attempt in range(10):
            try:
                call.request("POST", path, body, headers)
                answer = call.getresponse()
            except ConnectionResetError:
                call.close()  # the next request connects anew
                continue
            status, text = answer.status, answer.read().decode()
            if status != 503:
                break
        return status, text

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, range(len(requests))))


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}; csrftoken={CSRF}"


def test_fifty_forms_make_one_record(web, people):
    cookies = [cookie_of(person) for person in people]
    requests = []
    for n in range(MANY):
        typed = {"name": f"远山科技{n}号", "phone": "13800138000", "kind": "prospect", "lifecycle": "prospect"}
        body = urlencode(typed | {"currency": "CNY", "csrfmiddlewaretoken": CSRF})
        form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies[n % 10]}
        requests.append(("/customers/accounts/add/", body, form))
    answers = at_once(web, requests)
    statuses = sorted(status for status, _body in answers)
    assert statuses == [302] + [422] * (MANY - 1)
    account = Account.objects.get()
    assert list(UniqueKey.objects.values_list("entity", "record_id")) == [("customers.account", account.pk)]
    for n, (status, body) in enumerate(answers):
        if status == 422:
            assert f'value="远山科技{n}号"' in body  # what was typed is still there
            assert account.name not in body or people.index(account.owner) == n % 10
            assert account.owner.name in body or people.index(account.owner) == n % 10
    connection.close()


def test_fifty_calls_of_the_api_make_one_record(web, people):
    callers = [Caller.of(person) for person in people]
    requests = []
    for n in range(MANY):
        body = json.dumps({"fields": {"name": f"远山科技{n}号", "phone": "13800138000"}, "confirm": True})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {callers[n % 10].secret}"}
        requests.append(("/api/v1/customers/accounts/", body, headers))
    answers = at_once(web, requests)
    assert sorted(status for status, _body in answers) == [201] + [409] * (MANY - 1)
    assert Account.objects.count() == 1
    connection.close()
