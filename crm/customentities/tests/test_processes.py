"""Another process of the web learns of an entity that is defined, changed and taken out of use, without being told."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from crm.customentities.models import EntityDefinition
from crm.customentities.services import define_entity
from crm.customentities.tests.test_own_entities import forgotten  # noqa: F401
from crm.records.actor import Actor
from crm.tests.processes import environment

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
# One line in: ask for a page. One line out: what came.
WORKER = """
import sys, django
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
from django.test import Client
from crm.users.models import User
client = Client(headers={"accept-language": "en"})
client.force_login(User.objects.get(username="boss"))
print("ready", flush=True)
for line in sys.stdin:
    page = client.get(line.strip(), secure=True)
    print(page.status_code, "Site visits" in page.content.decode(), flush=True)
"""


@pytest.fixture
def worker(boss):
    """A process of its own, with a connection of its own."""
    own = environment(DJANGO_SETTINGS_MODULE="crm.settings", PYTHONPATH=".")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": settings.BASE_DIR}
    process = subprocess.Popen([sys.executable, "-c", WORKER], env=own, **pipes)

    def ask(path: str) -> str:
        process.stdin.write(path + "\n")
        process.stdin.flush()
        while True:
            line = process.stdout.readline().strip()
            if not line or line[:3].isdigit():
                return line

    while process.stdout.readline().strip() not in {"ready", ""}:
        pass
    yield ask
    process.stdin.close()
    process.wait(10)


def test_another_process_follows_each_change(worker, boss):
    assert worker("/sales/visitplan/") == "404 False"
    made = define_entity("visitplan", "走访", name_en="Site visit", plural_en="Site visits", actor=Actor(boss, "test"))
    assert worker("/sales/visitplan/") == "200 True"
    EntityDefinition.objects.filter(pk=made.pk).update(plural_en="Rounds")
    assert worker("/sales/visitplan/") == "200 False"
    EntityDefinition.objects.filter(pk=made.pk).update(active=False)
    assert worker("/sales/visitplan/") == "404 False"
