"""One archive with everything: the database (pg_dump), the private files, and a manifest by which a restore proves itself."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg2
from psycopg2 import sql

from crm.embedded import postgres

FORMAT = 1
# What a row looks like as text must not depend on who asks.
SESSION = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set extra_float_digits = 1; set bytea_output = 'hex'; set intervalstyle = 'iso_8601'"
TABLES = "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1"
SEQUENCES = "select sequencename, coalesce(last_value, 0) from pg_sequences where schemaname = 'public' order by 1"
# The sum of two halves of each row's md5: the order of rows does not matter, their number does, and memory stays constant.
CHECKSUM = """
    select count(*), coalesce(sum(('x' || left(digest, 16))::bit(64)::bigint::numeric), 0) || ':' ||
        coalesce(sum(('x' || right(digest, 16))::bit(64)::bigint::numeric), 0)
    from (select md5(t::text) as digest from public.{} t) rows
"""


class BackupError(Exception):
    """A backup or restore was refused or failed; the message says why and what to do."""


def connect(database: dict) -> psycopg2.extensions.connection:
    """A connection of its own to a Django database setting."""
    keys = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given = {name: str(database[key]) for key, name in keys.items() if database.get(key)}
    connection = psycopg2.connect(connect_timeout=10, **given)
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
    connection.commit()
    return connection


def tool(name: str, connection: psycopg2.extensions.connection) -> str:
    """pg_dump or pg_restore of the server's own major version; else the bundled one, if that is newer than the server."""
    major = connection.server_version // 10000
    for candidate in (f"/usr/lib/postgresql/{major}/bin/{name}", shutil.which(name), str(postgres.tool(name))):
        if candidate and os.access(candidate, os.X_OK) and tool_version(candidate) == major:
            return candidate
    bundled = str(postgres.tool(name))
    if tool_version(bundled) < major:
        raise BackupError(
            f"The server is PostgreSQL {major}: install its client tools (Debian: apt-get install postgresql-client-{major})."
        )
    return bundled


def tool_version(path: str) -> int:
    """The major version that a PostgreSQL program prints."""
    output = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"\) (\d+)", output)
    return int(found[1]) if found else 0


def run_tool(command: list[str], database: dict) -> None:
    keys = {"NAME": "PGDATABASE", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "HOST": "PGHOST", "PORT": "PGPORT"}
    environment = {**os.environ, **{name: str(database[key]) for key, name in keys.items() if database.get(key)}}
    environment.pop("PGOPTIONS", None)
    result = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise BackupError(f"{Path(command[0]).name} failed:\n{result.stderr.strip()[-3000:]}")


def checksums(cursor: psycopg2.extensions.cursor) -> dict[str, dict]:
    """Number of rows and checksum of each table, seen by the transaction of ``cursor``."""
    cursor.execute(TABLES)
    found = {}
    for (table,) in cursor.fetchall():
        cursor.execute(sql.SQL(CHECKSUM).format(sql.Identifier(table)))
        rows, digest = cursor.fetchone()
        found[table] = {"rows": rows, "checksum": digest}
    return found


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def private_files(root: Path) -> dict[str, str]:
    """The sha256 of every file below ``root``, by its relative path; what begins with a dot is not finished yet."""
    whole = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(root)): sha256(path) for path in whole}


def backup(database: dict, private_root: Path, target: Path) -> tuple[Path, dict[str, Any]]:
    """Write the archive to ``target`` (a directory gets a file named by the time); its path and manifest. It appears only when whole."""
    if target.is_dir():
        target /= f"crm-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise BackupError(f"{target} exists already: choose another name.")
    if not target.parent.is_dir():
        raise BackupError(f"{target.parent} is not a directory.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".crm-backup-") as name:
        folder = Path(name)
        manifest = dump(database, folder / "database.dump")
        manifest["files"] = private_files(private_root)
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        whole = folder / "whole.tar"
        with tarfile.open(whole, "x") as archive:
            archive.add(folder / "manifest.json", "manifest.json")
            archive.add(folder / "database.dump", "database.dump")
            for path in manifest["files"]:
                archive.add(private_root / path, f"files/{path}")
        whole.chmod(0o600)
        whole.rename(target)
    return target, manifest


def dump(database: dict, path: Path) -> dict[str, Any]:
    """pg_dump to ``path``; the manifest of what it contains. Both see one moment of the database."""
    with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor.execute("set local statement_timeout = 0")
        cursor.execute("select pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        tables = checksums(cursor)
        cursor.execute(SEQUENCES)
        sequences = dict(cursor.fetchall())
        command = [tool("pg_dump", connection), "--format=custom", f"--snapshot={snapshot}", f"--file={path}"]
        run_tool(command, database)
        version = connection.server_version // 10000
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "format": FORMAT,
        "made": made,
        "postgresql": version,
        "dump": sha256(path),
        "tables": tables,
        "sequences": sequences,
    }


def restore(database: dict, private_root: Path, source: Path, *, force: bool = False) -> dict[str, Any]:
    """Bring back ``source`` and prove it; its manifest. ``force`` replaces what is there. The files that were there are kept beside."""
    if not source.is_file():
        raise BackupError(f"{source} is not a file.")
    private_root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=private_root.parent, prefix=".crm-restore-") as name:
        folder = Path(name)
        manifest = unpack(source, folder)
        with contextlib.closing(connect(database)) as connection:
            connection.autocommit = True
            make_room(connection, private_root, force=force)
            command = [
                tool("pg_restore", connection),
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                "--single-transaction",
            ]
            run_tool([*command, f"--dbname={database['NAME']}", str(folder / "database.dump")], database)
            prove(connection, manifest)
            with connection.cursor() as cursor:
                cursor.execute("analyze")
        files = folder / "files"
        files.mkdir(exist_ok=True)
        if private_root.exists():
            kept = private_root.with_name(f"{private_root.name}.before-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
            private_root.rename(kept)
            if not any(kept.iterdir()):
                kept.rmdir()
        files.rename(private_root)
        private_root.chmod(0o700)
    return manifest


def _own_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """What a backup of ours may hold: files and folders that stay within it."""
    for member in archive:
        path = PurePosixPath(member.name)
        if not (member.isfile() or member.isdir()) or path.is_absolute() or ".." in path.parts:
            raise tarfile.TarError(f"{member.name} is out of place")
        yield member


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Extract the archive, refuse one that is damaged, and give its manifest."""
    try:
        with tarfile.open(source) as archive:
            # Older patches of Python 3.11 know no filters.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder, members=_own_members(archive))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, ValueError) as error:
        raise BackupError(f"{source} is not a whole backup ({error}).") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(
            f"{source} has the format {manifest.get('format')}, this program reads {FORMAT}: use the version that made it."
        )
    if sha256(folder / "database.dump") != manifest["dump"] or private_files(folder / "files") != manifest["files"]:
        raise BackupError(f"{source} is damaged: its content does not have the checksums of its manifest.")
    return manifest


def make_room(connection: psycopg2.extensions.connection, private_root: Path, *, force: bool) -> None:
    """Refuse a database in use or with tables; with ``force`` empty it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"  # the server's own workers give way
        )
        others = cursor.fetchone()[0]
        if others:
            raise BackupError(
                f"{others} other connections use the database: stop the program first (script/manage starts what a restore needs)."
            )
        cursor.execute(TABLES)
        has_files = private_root.is_dir() and any(private_root.iterdir())
        if not force and (cursor.fetchall() or has_files):
            raise BackupError(
                "The database has tables, or there are private files already: restore with --force to replace them."
            )
        cursor.execute(
            "drop schema public cascade; create schema public; alter schema public owner to pg_database_owner"
        )


def prove(connection: psycopg2.extensions.connection, manifest: dict[str, Any]) -> None:
    """Compare every table with the manifest; BackupError names those that differ."""
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        found = checksums(cursor)
        cursor.execute(SEQUENCES)
        sequences = dict(cursor.fetchall())
    tables = manifest["tables"]
    wrong = sorted(table for table in tables.keys() | found.keys() if tables.get(table) != found.get(table))
    wrong += [name for name, value in manifest["sequences"].items() if sequences.get(name, -1) < value]
    if wrong:
        raise BackupError(f"The restored database differs from the backup in: {', '.join(wrong)}. Do not use it.")
