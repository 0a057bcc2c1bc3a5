"""Starts the whole program, as script/run does after its set-up."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from crm.embedded.places import ROOT

pytestmark = pytest.mark.slow
LIMIT = 90  # seconds for a start on a busy machine; alone it takes less than 15


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    def __init__(self, data, port):
        self.port = port
        self.output = data.parent / f"output-{time.monotonic_ns()}"
        environment = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "DEBUG"}
        }
        command = [
            sys.executable,
            "-m",
            "crm.embedded.supervisor",
            "--no-demo",
            "--port",
            str(port),
            "--data",
            str(data),
        ]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)

    @property
    def said(self):
        return self.output.read_text()

    def wait_until_ready(self):
        deadline = time.monotonic() + LIMIT
        while "ready at" not in self.said:
            assert self.process.poll() is None and time.monotonic() < deadline, self.said
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz") as response:
            assert response.status == 200

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def start(data):
    """Starts the program; whatever still runs at the end is stopped."""
    started = []
    port = free_port()

    def start():
        started.append(Program(data, port))
        return started[-1]

    yield start
    for program in started:
        if program.process.poll() is None:
            program.stop()


def processes_of(data):
    """The command lines of living processes that belong to the program over ``data``."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment, command = (path / "environ").read_bytes(), (path / "cmdline").read_bytes()
            if command and (os.fsencode(data) in command or b"DATA_DIR=" + os.fsencode(data) in environment):
                found.append(command.replace(b"\0", b" ").decode())
    return found


def test_it_starts_refuses_a_second_and_stops_cleanly_on_term(start, data):
    program = start()
    program.wait_until_ready()
    assert (data / "environment").stat().st_mode & 0o077 == 0
    running = " ".join(processes_of(data))
    assert all(
        name in running
        for name in ("postgres", "valkey-server", "celery -A crm worker", "celery -A crm beat", "granian")
    )

    second = start()
    assert second.process.wait(30) == 1
    assert f"in use by another running program (process {program.process.pid})" in second.said

    assert program.stop() == 0
    assert program.said.rstrip().endswith("Stopped.")
    assert processes_of(data) == []
    assert not (data / "environment").exists()


def test_after_kill_9_the_next_start_works_and_a_dead_child_is_named(start, data):
    killed = start()
    killed.wait_until_ready()
    killed.process.kill()
    killed.process.wait()

    program = start()
    program.wait_until_ready()
    beat = next(path for path in Path("/proc").glob("[0-9]*") if is_beat_of(path, data))
    os.kill(int(beat.name), signal.SIGKILL)
    assert program.process.wait(60) == 1
    assert "beat ended by itself (exit code -9)" in program.said
    assert processes_of(data) == []


def is_beat_of(path, data):
    try:
        command = (path / "cmdline").read_bytes()
    except OSError:
        return False
    return b"\0beat\0" in command and os.fsencode(data) in command
