"""Runs the whole program on one machine: PostgreSQL, Valkey, worker, beat and web. Used by script/run."""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crm.embedded import services
from crm.embedded.places import PROGRAM_LOCK, ROOT, EmbeddedError, data_dir, hold, make_data_dir, make_private
from crm.embedded.processes import Child, Stopped, dies_with_parent, stop_on_signals
from crm.embedded.steps import say, step

PORT_WAIT = 15  # seconds that a program killed a moment ago may need to free its port
WEB_WAIT = 60
DEMO_NOTES = "demo.txt"
WRITTEN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "HTTPS", "PUBLIC_URL")


def options(arguments: list[str]) -> argparse.Namespace:
    """The command line of script/run, which explains it."""
    parser = argparse.ArgumentParser(prog="script/run", add_help=False)
    parser.add_argument("--port", type=port_number, default=os.environ.get("PORT") or "8000")
    parser.add_argument("--data", type=lambda given: os.path.join(os.environ.get("START_DIR", ""), given))
    parser.add_argument("--no-demo", action="store_true")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    """A port one may listen on."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def manage(environment: dict[str, str], *arguments: str) -> str:
    """What a manage.py command prints (its progress, on stderr, apart); EmbeddedError with its last lines when it fails."""
    result = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        check=False,
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=dies_with_parent(signal.SIGTERM),
    )
    if result.returncode:
        last = "\n".join((result.stdout + result.stderr).splitlines()[-25:])
        raise EmbeddedError(f"manage.py {' '.join(arguments)} failed:\n{last}")
    return result.stdout


def collect_static(environment: dict[str, str]) -> None:
    """collectstatic takes seconds (it compresses), so only when a static file or a library changed."""
    apps = [path for path in ROOT.glob("*/**/static") if not path.is_relative_to(ROOT / "node_modules")]
    step(
        "Static files",
        lambda: manage(environment, "collectstatic", "--noinput", "--clear", "-v", "0"),
        inputs=[
            ROOT / "static",
            *apps,
            ROOT / "requirements.txt",
            environment.get("DEBUG", ""),
        ],
        makes=[ROOT / "staticfiles" / "staticfiles.json"],
    )


def demo_company(environment: dict[str, str], data: Path) -> None:
    """Make the demo company, and keep what ``manage.py demo`` prints: who may sign in."""
    say("  Demo company …")
    started = time.monotonic()
    (data / DEMO_NOTES).write_text(manage(environment, "demo", "--size", "S"), encoding="utf-8")
    say(f"  Demo company: done in {time.monotonic() - started:.1f} s")


def sign_ins(data: Path) -> str:
    """What ``manage.py demo`` printed when it made the company of this data directory; else how to make the first person."""
    notes = data / DEMO_NOTES
    return (
        notes.read_text(encoding="utf-8").strip()
        if notes.exists()
        else "The first person: .venv/bin/python manage.py createsuperuser"
    )


def wait_for_port(host: str, port: int) -> None:
    deadline = time.monotonic() + PORT_WAIT
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"Cannot listen on {host}:{port} ({error.strerror}): choose another with --port."
                    ) from error
        time.sleep(0.3)


def answers(environment: dict[str, str], host: str, port: int) -> str:
    """Empty when /readyz is content, else what it (or the network) said."""
    name = environment.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".*") or "localhost"
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": name})
        response = connection.getresponse()
        return "" if response.status == 200 else f"{response.status} {response.read(2000).decode(errors='replace')}"
    except OSError as error:
        return str(error)
    finally:
        connection.close()


def programs(data: Path, environment: dict[str, str], host: str, port: int) -> list[Child]:
    """Worker, beat and web, in the order of their start."""
    python, logs = sys.executable, data / "log"
    celery = [python, "-m", "celery", "-A", "crm"]
    level = f"--loglevel={environment.get('LOG_LEVEL') or 'INFO'}"
    schedule = make_private(data / "beat") / "schedule"
    worker = [*celery, "worker", level, "--concurrency=2", "--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", level, "--pidfile=", f"--schedule={schedule}"]
    web = [
        python,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        "2",
        "--no-ws",
    ]
    web += [
        "--blocking-threads",
        "4",
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "10",
        "--log-level",
        "warning",
        "crm.wsgi:application",
    ]
    return [
        Child("worker", worker, log=logs / "worker.log", env=environment, cwd=ROOT, patience=30),
        Child("beat", beat, log=logs / "beat.log", env=environment, cwd=ROOT),
        Child("web", web, log=logs / "web.log", env=environment, cwd=ROOT, patience=20),
    ]


@contextmanager
def published(data: Path, environment: dict[str, str]) -> Iterator[None]:
    """``data``/environment lets manage.py in another terminal find the running servers."""
    path = data / "environment"
    lines = "".join(f"{name}={environment[name]}\n" for name in WRITTEN if name in environment)
    path.unlink(missing_ok=True)
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600), encoding="utf-8") as file:
        file.write(lines)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def wait_for_web(environment: dict[str, str], children: list[Child], host: str, port: int) -> None:
    deadline = time.monotonic() + WEB_WAIT
    while problem := answers(environment, host, port):
        check(children)
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"The web server does not get ready: {problem}\nThe end of {children[-1].log}:\n{children[-1].tail()}"
            )
        time.sleep(0.2)


def check(children: list[Child]) -> None:
    """EmbeddedError when one of them is gone."""
    for child in children:
        if not child.alive():
            raise EmbeddedError(
                f"{child.name} ended by itself (exit code {child.returncode}). The end of {child.log}:\n{child.tail()}"
            )


def serve(chosen: argparse.Namespace, data: Path) -> None:
    """Start everything, watch it, and stop it in reverse order when Stopped or an error comes."""
    environment = services.base_environment(data)
    host, port = environment.get("HOST") or "127.0.0.1", chosen.port
    address = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"
    if not environment.get("ALLOWED_HOSTS") and environment["HTTPS"] == "0":
        environment.setdefault("PUBLIC_URL", address)  # what mails and public links begin with
    with ExitStack() as stack:
        stack.callback(say, "Stopped.")
        wait_for_port(host, port)
        say("  Database …")
        children = list(stack.enter_context(services.database(data, environment)))
        empty = manage(environment, "prepare_database").strip().endswith("empty")
        collect_static(environment)
        children += stack.enter_context(services.queue(data, environment))
        if empty and not chosen.no_demo:
            demo_company(environment, data)
        stack.enter_context(published(data, environment))
        say("  Worker, beat and web …")
        for child in programs(data, environment, host, port):
            stack.enter_context(services.running(child.start, child.stop))
            children.append(child)
        wait_for_web(environment, children, host, port)
        say(f"\nThe CRM is ready at {address}/   (logs: {data / 'log'}; Ctrl-C stops it)")
        say(f"\n{sign_ins(data)}\n")
        stack.callback(say, "Stopping …")
        while True:
            check(children)
            for child in children:
                child.rotate_log()
            time.sleep(0.5)


def main() -> int:
    """The exit code of script/run."""
    chosen = options(sys.argv[1:])
    stop_on_signals()
    try:
        data = make_data_dir(data_dir(chosen.data))
        with hold(data / PROGRAM_LOCK):
            serve(chosen, data)
    except Stopped:
        return 0
    except EmbeddedError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
