import signal
import tempfile
import time
from pathlib import Path

import pytest
from django.core.cache import caches

from crm.embedded.valkey import Valkey
from crm.lib import env
from crm.lib.cache import Breaker, BreakerRedisCache, redis_answers


@pytest.fixture(scope="module")
def valkey():
    with tempfile.TemporaryDirectory() as directory:
        server = Valkey(Path(directory))
        server.start()
        yield server
        server.child.process.send_signal(signal.SIGCONT)
        server.stop()


@pytest.fixture
def cache(valkey, settings):
    """The cache as in production."""
    location = env.redis_database(valkey.url, 1)
    settings.CACHES = {
        "default": {
            "BACKEND": "crm.lib.cache.BreakerRedisCache",
            "LOCATION": location,
            "OPTIONS": settings.REDIS_CACHE_OPTIONS,
        }
    }
    BreakerRedisCache.breakers.clear()
    yield caches["default"]
    valkey.child.process.send_signal(signal.SIGCONT)


def test_values_come_back(cache):
    cache.set_many({"a": 1, "b": [2]})
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": [2]}
    assert cache.incr("a") == 2
    assert cache.add("a", 9) is False
    assert cache.delete("b") and cache.get("b", "gone") == "gone"
    assert redis_answers()


def test_a_frozen_server_costs_one_time_out_and_then_is_a_miss(cache, valkey):
    cache.set("key", "value")
    valkey.child.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert [cache.get("key", "default") for _ in range(20)] == ["default"] * 20
    assert cache.get_or_set("other", lambda: 5) == 5
    cache.set("key", "lost")
    assert not redis_answers()
    with pytest.raises(ValueError):
        cache.incr("key")
    assert time.monotonic() - started < 0.6


def test_it_is_used_again_after_the_pause(cache, valkey):
    cache.set("key", "value")
    valkey.child.process.send_signal(signal.SIGSTOP)
    assert cache.get("key") is None
    valkey.child.process.send_signal(signal.SIGCONT)
    assert cache.get("key") is None
    cache.breaker.open_until = 0
    assert cache.get("key") == "value"


def test_only_the_named_errors_open_the_breaker():
    breaker = Breaker("test", pause=60, errors=(OSError,))
    with pytest.raises(KeyError):
        breaker.call(lambda: {}["missing"], None)
    assert breaker.call(lambda: 1, None) == 1
