import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from crm.lib import env


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("off", False), ("0", False), ("", True)])
def test_boolean(monkeypatch, value, expected):
    monkeypatch.setenv("FLAG", value)
    assert env.boolean("FLAG", default=True) is expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: env.boolean("NAME", default=False), "maybe"),
        (lambda: env.integer("NAME", default=1, lowest=0, highest=10), "11"),
        (lambda: env.integer("NAME", default=1, lowest=0, highest=10), "-1"),
        (lambda: env.integer("NAME", default=1, lowest=0, highest=10), "1e1"),
        (lambda: env.integer("NAME", default=1, lowest=0, highest=10), "٣"),
        (lambda: env.choice("NAME", ["INFO", "DEBUG"], default="INFO"), "LOUD"),
        (lambda: env.text("NAME", shortest=50), "short"),
        (lambda: env.database("NAME", default="postgres:///crm"), "mysql://host/crm"),
        (lambda: env.database("NAME", default="postgres:///crm"), "postgres://host:port/crm"),
        (lambda: env.database("NAME", default="postgres:///crm"), "postgres://host:99999/crm"),
        (lambda: env.database("NAME", default="postgres:///crm"), "postgres://host/"),
        (lambda: env.database("NAME", default="postgres:///crm"), "postgres://host/crm?pool=1"),
        (lambda: env.redis("NAME"), "http://host"),
        (lambda: env.redis("NAME"), "redis://host/3"),
        (lambda: env.redis("NAME"), "unix:///run/x.sock?db=2"),
        (lambda: env.email("NAME", default="dummy:"), "mailto:somebody"),
        (lambda: env.email("NAME", default="dummy:"), "smtp://"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch, read, value):
    monkeypatch.setenv("NAME", value)
    with pytest.raises(ImproperlyConfigured, match="^NAME "):
        read()


def test_a_refused_address_does_not_show_its_password(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://crm:secret@host/crm")
    with pytest.raises(ImproperlyConfigured) as error:
        env.database("DATABASE_URL", default="")
    assert "secret" not in str(error.value)


def test_a_missing_value_without_default_is_named(monkeypatch):
    monkeypatch.delenv("NAME", raising=False)
    with pytest.raises(ImproperlyConfigured, match="NAME is not set"):
        env.text("NAME")


def test_database_by_socket_and_by_host(monkeypatch):
    monkeypatch.setenv("URL", "postgres:///crm?host=/run/crm&user=app")
    found = env.database("URL", default="")
    assert (found["NAME"], found["HOST"], found["USER"], found["PORT"]) == ("crm", "/run/crm", "app", "")
    monkeypatch.setenv("URL", "postgresql://u%40x:p%2Fw@db.example:6543/crm?sslmode=require")
    found = env.database("URL", default="")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("u@x", "p/w", "db.example", "6543")
    assert found["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    ("url", "queue", "cache"),
    [
        ("unix:///run/v.sock", "redis+socket:///run/v.sock", "unix:///run/v.sock?db=1"),
        ("redis://host:6379", "redis://host:6379/0", "redis://host:6379/1"),
        ("rediss://:secret@host/", "rediss://:secret@host/0", "rediss://:secret@host/1"),
    ],
)
def test_redis_for_queue_and_cache(monkeypatch, url, queue, cache):
    monkeypatch.setenv("REDIS_URL", url)
    found = env.redis("REDIS_URL")
    assert (env.broker(found), env.redis_database(found, 1)) == (queue, cache)


def test_mail_by_starttls_tls_and_not_at_all(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp://me%40x.cn:pw@mail.example")
    found = env.email("EMAIL_URL", default="dummy:")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (
        "me@x.cn",
        587,
        True,
        False,
    )
    monkeypatch.setenv("EMAIL_URL", "smtps://mail.example")
    found = env.email("EMAIL_URL", default="dummy:")
    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (465, False, True)
    monkeypatch.delenv("EMAIL_URL")
    assert env.email("EMAIL_URL", default="dummy:") == {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}


def test_a_file_fills_in_what_the_environment_leaves_open(monkeypatch, tmp_path):
    path = tmp_path / "environment"
    path.write_text("# ours\nGIVEN=file\nOPEN = a=b\nnonsense\n")
    monkeypatch.setenv("GIVEN", "environment")
    monkeypatch.setenv("OPEN", "")
    monkeypatch.delenv("OPEN")
    env.read_file(path)
    assert env.text("GIVEN") == "environment"
    assert env.text("OPEN") == "a=b"
    env.read_file(tmp_path / "missing")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["manage.py", "migrate"], "command"),
        (["manage.py", "runserver"], "web"),
        (["/venv/lib/celery/__main__.py", "-A", "crm", "worker"], "worker"),
        (["/venv/bin/granian"], "web"),
    ],
)
def test_each_process_knows_what_it_is(monkeypatch, argv, expected):
    monkeypatch.setattr(sys, "argv", argv)
    assert env.process() == "tests"
    monkeypatch.setattr(env, "testing", lambda: False)
    assert env.process() == expected
