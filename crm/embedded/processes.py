"""One child process of the program: started with its log in a file, stopped with patience, gone when the program is gone."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
LOG_LIMIT = 20_000_000  # bytes


def dies_with_parent(signum: int) -> Callable[[], None]:
    """For Popen's preexec_fn: the kernel sends ``signum`` to the child when its parent is gone, even by kill -9 (Linux only)."""

    def ask() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signum)

    return ask


class Stopped(BaseException):
    """Somebody asked the program to stop."""


def stop_on_signals() -> None:
    """INT, TERM and HUP raise Stopped once, wherever the program is; what follows is its orderly end."""

    def stop(signum: int, frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


class Child:
    """``account`` is (uid, gid) to run as; ``patience`` is the seconds between asking it to stop and killing it."""

    def __init__(
        self,
        name: str,
        args: list[str],
        *,
        log: Path,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        account: tuple[int, int] | None = None,
        stop_signal: int = signal.SIGTERM,
        patience: float = 20,
    ) -> None:
        self.name = name
        self.args = args
        self.log = log
        self.env = env
        self.cwd = cwd
        self.account = account
        self.stop_signal = stop_signal
        self.patience = patience
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C in a terminal reaches only the program."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = {"user": self.account[0], "group": self.account[1], "extra_groups": []} if self.account else {}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.args,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=dies_with_parent(self.stop_signal),
                **identity,
            )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def returncode(self) -> int | None:
        return self.process.returncode if self.process else None

    def stop(self) -> bool:
        """Ask it to end, kill its group when it does not within its patience; whether it went by itself."""
        if self.process is None:
            return True
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(self.patience)
            return True
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return False

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log, to show with an error."""
        return tail(self.log, lines)

    def rotate_log(self) -> None:
        """Keep one old log of LOG_LIMIT bytes. The child appends, so the file can be emptied under it."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)


def tail(path: Path, lines: int = 15) -> str:
    """The last ``lines`` of the file ``path``; empty when there is none."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if path.exists() else ""
