import os
import re
import subprocess
import sys

import pytest

from crm.embedded.places import ROOT

KEY = "k" * 60
BASE = {"PATH": os.environ["PATH"], "SECRET_KEY": KEY, "DATABASE_URL": "postgres:///none"}


def settings_of(tmp_path, expression, **environment):
    """What ``expression`` is in the settings of a new process, or its error."""
    program = f"from crm import settings as s; print({expression})"
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=ROOT,
        env={**BASE, "DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
    )
    return result.stdout.strip() if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


def test_production_is_the_default_and_safe(tmp_path):
    found = settings_of(
        tmp_path, "s.DEBUG, s.HTTPS, s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_PROXY_SSL_HEADER"
    )
    assert found == "False True True True None"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("DEBUG", "perhaps"),
        ("HTTPS", "2"),
        ("BEHIND_PROXY", "nginx"),
        ("DATABASE_URL", "sqlite:///x"),
        ("REDIS_URL", "localhost:6379"),
        ("STATEMENT_TIMEOUT", "15s"),
        ("UPLOAD_LIMIT_MB", "0"),
        ("EMAIL_URL", "mail.example.com"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_stops_the_start_by_its_name(tmp_path, name, value):
    assert f"ImproperlyConfigured: {name} " in settings_of(tmp_path, "1", **{name: value})


def test_without_a_secret_key_there_is_no_start(tmp_path):
    assert "SECRET_KEY is not set" in settings_of(tmp_path, "1", SECRET_KEY="")


def test_the_running_program_is_found_by_commands(tmp_path):
    (tmp_path / "environment").write_text("REDIS_URL=unix:///run/of/program.sock\n")
    assert settings_of(tmp_path, "s.REDIS_URL") == "unix:///run/of/program.sock"
    assert settings_of(tmp_path, "s.REDIS_URL", REDIS_URL="redis://mine") == "redis://mine"


def test_waits_have_limits_in_the_database(tmp_path):
    assert "statement_timeout=15s" in settings_of(tmp_path, "s.DATABASES['default']['OPTIONS']['options']")
    assert "statement_timeout=7s" in settings_of(
        tmp_path, "s.DATABASES['default']['OPTIONS']['options']", STATEMENT_TIMEOUT="7"
    )


def test_a_statement_that_takes_too_long_is_ended(db):
    from django.db import OperationalError, connection

    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchone() == ("1min",)
        cursor.execute("set local statement_timeout = '50ms'")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("select pg_sleep(5)")


def test_the_example_lists_every_name_that_is_read():
    """In both directions: nothing is read that the example does not explain, nothing explained that nobody reads."""
    source = "".join(path.read_text() for path in ROOT.glob("crm/**/*.py") if "tests" not in path.parts)
    source += "".join((ROOT / "script" / name).read_text() for name in ("run", "setup", "test", "manage"))
    read = set(re.findall(r'env\.(?:text|boolean|integer|choice|items|database|redis|email)\(\s*"([A-Z_]+)"', source))
    read |= set(re.findall(r'environ(?:ment)?\.get\("([A-Z_]+)"', source)) - {"PATH", "START_DIR"}
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == listed
