"""The cache on Redis behind a breaker: when Redis is down or frozen, the program goes on as if nothing were cached."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Breaker:
    """Skips calls for ``pause`` seconds after one failed with one of ``errors``. One an address and process, shared by its threads."""

    def __init__(self, name: str, *, pause: float, errors: tuple[type[Exception], ...]) -> None:
        self.name = name
        self.pause = pause
        self.errors = errors
        self.open_until = 0.0

    def call(self, function: Callable[[], T], fallback: T) -> T:
        """The result of ``function``, or ``fallback`` when it fails or failed a moment ago."""
        if time.monotonic() < self.open_until:
            return fallback
        try:
            return function()
        except self.errors as error:
            self.open_until = time.monotonic() + self.pause
            log.warning("breaker_opened", name=self.name, pause=self.pause, error=repr(error))
            return fallback


class BreakerRedisCache(RedisCache):
    """Django's Redis cache whose failure is a miss. A ``delete`` may be lost: key what must not be stale by a version."""

    breakers: dict[tuple, Breaker] = {}

    def __init__(self, server: str, params: dict) -> None:
        super().__init__(server, params)
        self.breaker = self.breakers.setdefault(
            tuple(self._servers), Breaker("cache", pause=5, errors=(RedisError, OSError))
        )

    def answers(self) -> bool:
        """Whether Redis answers at once."""
        return self.breaker.call(lambda: self._cache.get_client().ping(), False)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).add(*args, **kwargs), True)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).get(key, default, version), default)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self.breaker.call(lambda: super(BreakerRedisCache, self).set(*args, **kwargs), None)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).touch(*args, **kwargs), False)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).delete(*args, **kwargs), False)

    def get_many(self, *args: Any, **kwargs: Any) -> dict:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).get_many(*args, **kwargs), {})

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).has_key(*args, **kwargs), False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        value = self.breaker.call(lambda: super(BreakerRedisCache, self).incr(key, delta, version), None)
        if value is None:
            raise ValueError(f"Key {key!r} not found")  # as Django does for a missing key
        return value

    def set_many(self, data: dict, *args: Any, **kwargs: Any) -> list:
        return self.breaker.call(lambda: super(BreakerRedisCache, self).set_many(data, *args, **kwargs), list(data))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self.breaker.call(lambda: super(BreakerRedisCache, self).delete_many(*args, **kwargs), None)

    def clear(self) -> None:
        self.breaker.call(lambda: super(BreakerRedisCache, self).clear(), None)


def redis_answers() -> bool:
    """Whether Redis is worth asking: a client that must reconnect to a frozen one waits for seconds. True when there is none to ask."""
    cache = caches["default"]
    return cache.answers() if isinstance(cache, BreakerRedisCache) else True
