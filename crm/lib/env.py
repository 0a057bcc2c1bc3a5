"""Reading and checking configuration from the environment. A wrong value is refused at start, by name."""

import os
import sys
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

EMAIL_BACKENDS = {"smtp": "smtp", "smtps": "smtp", "console": "console", "dummy": "dummy"}


def testing() -> bool:
    """Whether this process was started by pytest."""
    return "pytest" in sys.modules


def process() -> str:
    """What this process is: "tests", "command" (manage.py), "worker" (Celery) or "web". Time-outs differ."""
    if testing():
        return "tests"
    program = Path(sys.argv[0]) if sys.argv else Path()
    if program.name in {"manage.py", "django-admin"} and sys.argv[1:2] != ["runserver"]:
        return "command"
    if program.name == "celery" or program.parent.name == "celery":
        return "worker"
    return "web"


def read_file(path: Path) -> None:
    """Take NAME=value lines of ``path`` for names that the environment does not set; a missing file is none."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())


def text(name: str, *, default: str | None = None, shortest: int = 0) -> str:
    """The value of ``name``; ImproperlyConfigured when it is absent and has no default, or has fewer than ``shortest`` characters."""
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. See .env.example.")
    if len(value) < shortest:
        raise ImproperlyConfigured(f"{name} must have at least {shortest} characters.")
    return value


def boolean(name: str, *, default: bool) -> bool:
    """1/true/yes/on or 0/false/no/off."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return default


def integer(name: str, *, default: int, lowest: int, highest: int) -> int:
    """A whole number between ``lowest`` and ``highest``, both included."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and lowest <= int(value) <= highest):
        raise ImproperlyConfigured(f"{name} must be a whole number from {lowest} to {highest}, not {value!r}.")
    return int(value)


def choice(name: str, options: list[str], *, default: str) -> str:
    """One of ``options``."""
    value = os.environ.get(name) or default
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def items(name: str, *, default: list[str]) -> list[str]:
    """A comma-separated list."""
    value = os.environ.get(name)
    return [item.strip() for item in value.split(",") if item.strip()] if value else default


def split_url(name: str, value: str, schemes: set[str]) -> SplitResult:
    """``value`` in its parts; the message names only the variable, since the value may hold a password."""
    try:
        url = urlsplit(value)
        valid = url.scheme in schemes and (url.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise ImproperlyConfigured(
            f"{name} must be an address that starts with {' or '.join(f'{scheme}:' for scheme in sorted(schemes))}"
        )
    return url


def database(name: str, *, default: str) -> dict:
    """A Django database setting from ``postgres://user:password@host:port/name?host=/socket/dir``."""
    url = split_url(name, os.environ.get(name) or default, {"postgres", "postgresql"})
    if not url.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must name a database: postgres://user:password@host/name.")
    query = dict(parse_qsl(url.query))
    unknown = query.keys() - {"host", "user", "port", "sslmode", "sslrootcert"}
    if unknown:
        raise ImproperlyConfigured(f"{name} has an unknown option: {', '.join(sorted(unknown))}.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": query.get("user") or unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.get("host") or url.hostname or "",
        "PORT": query.get("port") or str(url.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **{key: query[key] for key in ("sslmode", "sslrootcert") if key in query}},
    }


def redis(name: str) -> str | None:
    """``redis://``, ``rediss://`` or ``unix:///path/to/socket`` without a database number; None when it is not set."""
    value = os.environ.get(name)
    if not value:
        return None
    url = split_url(name, value, {"redis", "rediss", "unix"})
    if url.query or (url.scheme != "unix" and url.path.strip("/")):
        raise ImproperlyConfigured(f"{name} must not name a database number: 0 is used for the queue, 1 for the cache.")
    return value.rstrip("/")


def redis_database(url: str, number: int) -> str:
    """``url`` with a database number, as redis-py reads it."""
    return f"{url}?db={number}" if url.startswith("unix:") else f"{url}/{number}"


def broker(url: str) -> str:
    """``url`` (see ``redis``) as Celery reads it, database 0."""
    return "redis+socket" + url.removeprefix("unix") if url.startswith("unix:") else f"{url}/0"


def email(name: str, *, default: str) -> dict:
    """Mail settings from ``smtp://user:password@host:port`` (STARTTLS unless ?tls=0), ``smtps://…`` (TLS), ``console:`` or ``dummy:``."""
    url = split_url(name, os.environ.get(name) or default, set(EMAIL_BACKENDS))
    found = {"EMAIL_BACKEND": f"django.core.mail.backends.{EMAIL_BACKENDS[url.scheme]}.EmailBackend"}
    if not url.scheme.startswith("smtp"):
        return found
    if not url.hostname:
        raise ImproperlyConfigured(f"{name} must name a mail server: smtp://user:password@host:587.")
    tls = url.scheme == "smtp" and dict(parse_qsl(url.query)).get("tls") != "0"
    return {
        **found,
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or (465 if url.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_USE_TLS": tls,
    }
