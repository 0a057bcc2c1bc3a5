"""Where the program keeps its data on one machine, and the lock that lets only one program use it."""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM_LOCK = "program.lock"
SOCKET_PATH_LIMIT = 107  # bytes of sockaddr_un.sun_path without its final NUL
LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")


class EmbeddedError(Exception):
    """Something about the embedded servers failed; the message says what to do."""


def reachable_by_others(path: Path) -> bool:
    """Whether a system user without rights of its own can walk to ``path`` (its existing part)."""
    existing = next(parent for parent in [path, *path.parents] if parent.exists())
    return all(parent.stat().st_mode & 0o001 for parent in [existing, *existing.parents])


def data_dir(given: str | None = None) -> Path:
    """The data directory: ``given``, else $DATA_DIR, else ./var, or /var/lib/<name> where root's ./var is closed to the database's user."""
    chosen = given or os.environ.get("DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().resolve()
    if os.geteuid() == 0 and not reachable_by_others(ROOT):
        return Path("/var/lib") / f"crm-{ROOT.name}"
    return ROOT / "var"


def make_data_dir(path: Path) -> Path:
    """Create ``path`` so that the database's user may pass through it but not list it."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o711)
    if os.geteuid() == 0 and not reachable_by_others(path):
        raise EmbeddedError(
            f"The database's user cannot reach {path}: choose another --data directory, or chmod o+x it and its parents."
        )
    return path


def socket_dir(data: Path) -> Path:
    """A directory for the sockets of ``data``; a short one in the temporary directory when ``data`` is too deep for a socket address."""
    path = data / "run"
    if len(os.fsencode(path)) + LONGEST_SOCKET_NAME > SOCKET_PATH_LIMIT:
        digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
        path = Path(tempfile.gettempdir()) / f"crm-{os.geteuid()}-{digest}"
    return path


def make_private(path: Path, account: tuple[int, int] | None = None) -> Path:
    """Create ``path`` with mode 0700 for ``account`` (uid, gid; None is oneself); refuses one that somebody else made."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = {os.geteuid(), account[0] if account else os.geteuid()}
    if path.is_symlink() or path.stat().st_uid not in mine:
        raise EmbeddedError(f"{path} belongs to somebody else: remove it or choose another --data directory.")
    if account and path.stat().st_uid != account[0]:
        os.chown(path, *account)
    path.chmod(0o700)
    return path


def hold(path: Path) -> IO[str]:
    """Lock ``path`` until the returned file is closed or this process ends, however it ends; EmbeddedError when another holds it."""
    lock = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        pid = lock.read().strip() or "unknown"
        lock.close()
        raise EmbeddedError(
            f"{path.parent} is in use by another running program (process {pid}): stop it first, or choose another --data directory."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def is_held(path: Path) -> bool:
    """Whether some process holds the lock ``path``."""
    if not path.exists():
        return False
    try:
        hold(path).close()
    except EmbeddedError:
        return True
    return False
