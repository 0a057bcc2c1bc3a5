import json
import logging

from django.db import connection, connections

from crm import health, logs
from crm.embedded.valkey import Valkey


def test_healthz_asks_no_database(client):
    response = client.get("/healthz")  # without the db fixture a query would fail
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


def test_readyz_is_content_with_database_and_redis(client, db, settings, data):
    server = Valkey(data)
    server.start()
    try:
        settings.REDIS_URL = server.url
        response = client.get("/readyz")
        assert response.json() == {"ready": True, "checks": {"database": "ok", "redis": "ok", "migrations": "ok"}}
    finally:
        server.stop()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["redis"].startswith("does not answer (ConnectionError)")


def test_readyz_counts_the_migrations_that_wait(client, db, settings):
    settings.REDIS_URL = None
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'sessions'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["migrations"] == "1 not applied: run manage.py migrate"


def test_readyz_says_that_the_database_is_away_and_tells_no_secret(client, db, settings, monkeypatch):
    settings.REDIS_URL = None
    away = connections["default"].copy()
    away.settings_dict = {**away.settings_dict, "HOST": "/nowhere", "PASSWORD": "secret"}
    monkeypatch.setattr(health, "connection", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"].startswith("cannot be reached (OperationalError)")
    assert response.json()["checks"]["migrations"].startswith("unknown")
    assert "secret" not in response.content.decode() and "/nowhere" not in response.content.decode()


def test_writing_verbs_are_refused(client):
    assert client.post("/healthz").status_code == 405


def test_a_request_has_an_id_in_its_answer_and_in_its_log_line(client, caplog):
    caplog.set_level(logging.INFO, logger="crm.request")
    own = client.get("/healthz")["X-Request-ID"]
    assert len(own) == 32 and own != client.get("/healthz")["X-Request-ID"]
    assert client.get("/healthz", headers={"X-Request-ID": "from-proxy-1"})["X-Request-ID"] == "from-proxy-1"
    forged = client.get("/healthz", headers={"X-Request-ID": 'x" injected'})["X-Request-ID"]
    assert "injected" not in forged


def test_log_lines_are_json_with_the_request_id(client, settings, capsys):
    configuration = logs.configuration("INFO", readable=False)
    formatter = configuration["formatters"]["lines"]
    made = formatter.pop("()")(**formatter)
    record = logging.LogRecord("library", logging.WARNING, "file.py", 1, "客户 %s", ("x",), None)
    client.get("/healthz", headers={"X-Request-ID": "request-42"})
    line = json.loads(made.format(record))
    assert (line["event"], line["level"], line["request_id"]) == ("客户 x", "warning", "request-42")
