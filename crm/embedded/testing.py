"""Runs every check of the project on throw-away servers. Used by script/test."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from crm.embedded import services
from crm.embedded.places import ROOT, EmbeddedError, make_data_dir
from crm.embedded.processes import Stopped, stop_on_signals
from crm.embedded.steps import say

BIN = Path(sys.executable).parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
CHECKS = {
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "import contracts": [str(BIN / "python"), "-c", "from importlinter.cli import lint_imports_command as run; run()"],
    "types": [sys.executable, "-m", "mypy"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "production settings": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    "translations": [sys.executable, "-m", "crm.embedded.translations"],
}
PRODUCTION = {"DEBUG": "0", "HTTPS": "1", "SECRET_KEY": secrets.token_urlsafe(64)}


@contextmanager
def throw_away_data() -> Iterator[Path]:
    """A data directory that the database's user can reach, gone afterwards."""
    parent = Path(tempfile.mkdtemp(prefix="crm-test-"))
    parent.chmod(0o711)
    try:
        yield make_data_dir(parent / "data")
    finally:
        shutil.rmtree(parent)


def run_check(name: str, environment: dict[str, str]) -> tuple[str, bool, str]:
    """Name, success and output of one check."""
    started = time.monotonic()
    result = subprocess.run(
        CHECKS[name],
        check=False,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    passed = result.returncode == 0
    say(f"  {name}: {'ok' if passed else 'FAILED'} in {time.monotonic() - started:.1f} s")
    return name, passed, result.stdout


def run_checks(environment: dict[str, str]) -> dict[str, str]:
    """The output of each check that failed."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: run_check(name, {**environment, **PRODUCTION}), CHECKS))
    return {name: output for name, passed, output in results if not passed}


def run_tests(environment: dict[str, str], arguments: list[str]) -> bool:
    """pytest over everything on two cores, or as the ``arguments`` say; whether it passed."""
    environment = {**environment, "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}  # the browser runs an event loop beside the ORM
    command = [
        sys.executable,
        "-m",
        "pytest",
        *(arguments or ["-n", "2", "--maxschedchunk=24", "--durations=30", "--durations-min=3"]),
    ]
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode == 0


def run(arguments: list[str]) -> int:
    """Everything, or only pytest with ``arguments``; the exit code. A failed check does not keep the others from running."""
    with throw_away_data() as data:
        environment = services.base_environment(data)
        with (
            services.database(data, environment, throw_away=True),
            services.queue(data, environment),
        ):
            failed = {} if arguments else run_checks(environment)
            passed = run_tests(environment, arguments)
    for name, output in failed.items():
        say(f"\n--- {name} ---\n{output.strip()}")
    bad = [*failed, *([] if passed else ["tests"])]
    say(f"\nFAILED: {', '.join(bad)}." if bad else "\nEverything passed.")
    return 1 if bad else 0


def main() -> int:
    """The exit code of script/test."""
    stop_on_signals()
    os.chdir(ROOT)
    try:
        return run(sys.argv[1:])
    except Stopped:
        return 130
    except EmbeddedError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
