"""/healthz: the process answers. /readyz: it can do its work, or says why not."""

from contextlib import closing

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm.lib import env


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; touches neither database nor Redis."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 with every check "ok", or 503 with the reason beside the check that failed. Names no host and no secret."""
    checks = {"database": database(), "redis": redis_server()}
    checks["migrations"] = migrations() if checks["database"] == "ok" else "unknown, since the database cannot be asked"
    ready = all(result in {"ok", "not configured"} for result in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def database() -> str:
    """ "ok", or what is wrong with the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except Error as error:
        return f"cannot be reached ({type(error).__name__}): see DATABASE_URL and the server's log"
    return "ok"


def migrations() -> str:
    """ "ok", or how many migrations wait."""
    try:
        executor = MigrationExecutor(connection)
    except Error as error:
        return f"cannot be read ({type(error).__name__})"
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return f"{waiting} not applied: run manage.py migrate" if waiting else "ok"


def redis_server() -> str:
    """ "ok", "not configured", or what is wrong with Redis."""
    if not settings.REDIS_URL:
        return "not configured"
    client = redis.Redis.from_url(
        env.redis_database(settings.REDIS_URL, 0),
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with closing(client):
            client.ping()
    except redis.RedisError as error:
        return f"does not answer ({type(error).__name__}): see REDIS_URL and the server's log"
    return "ok"
