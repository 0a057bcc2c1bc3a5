"""The servers that are not configured: started for the length of a ``with`` block, their addresses put into an environment."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crm.embedded.postgres import Cluster
from crm.embedded.processes import Child
from crm.embedded.valkey import Valkey


def secret_key(data: Path) -> str:
    """The key of this data directory, made at its first start."""
    path = data / "secret-key"
    if not path.exists():
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600), encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text(encoding="utf-8")


def base_environment(data: Path) -> dict[str, str]:
    """This process's environment, completed for the program over ``data``, served by plain http unless HTTPS says otherwise."""
    environment = {
        "HTTPS": "0",
        "PYTHONUNBUFFERED": "1",
        **os.environ,
        "DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    if not environment.get("SECRET_KEY"):
        environment["SECRET_KEY"] = secret_key(data)
    return environment


@contextmanager
def database(data: Path, environment: dict[str, str], *, throw_away: bool = False) -> Iterator[list[Child]]:
    """Sets DATABASE_URL, starting PostgreSQL over ``data`` unless it is set already. Yields the child processes."""
    if environment.get("DATABASE_URL"):
        yield []
        return
    cluster = Cluster(data, throw_away=throw_away)
    with running(cluster.start, cluster.stop):
        environment["DATABASE_URL"] = cluster.url
        yield [cluster.child] if cluster.child else []


@contextmanager
def queue(data: Path, environment: dict[str, str]) -> Iterator[list[Child]]:
    """Sets REDIS_URL, starting Valkey over ``data`` unless it is set already. Yields the child processes."""
    if environment.get("REDIS_URL"):
        yield []
        return
    server = Valkey(data)
    with running(server.start, server.stop):
        environment["REDIS_URL"] = server.url
        yield [server.child]


@contextmanager
def running(start: Callable[[], None], stop: Callable[[], object]) -> Iterator[None]:
    """``stop`` follows ``start`` whatever happens in between or within it."""
    with ExitStack() as stack:
        stack.callback(stop)
        start()
        yield
