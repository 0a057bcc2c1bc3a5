import os
from pathlib import Path

import pytest

from crm.embedded import places


def test_the_lock_is_held_once_and_free_after_its_end(tmp_path):
    path = tmp_path / "lock"
    lock = places.hold(path)
    assert places.is_held(path)
    with pytest.raises(places.EmbeddedError, match=str(os.getpid())):
        places.hold(path)
    lock.close()
    assert not places.is_held(path)


def test_sockets_of_a_deep_directory_lie_in_a_short_one(tmp_path):
    deep = tmp_path / ("x" * 100)
    address = places.socket_dir(deep) / ".s.PGSQL.5432"
    assert len(os.fsencode(address)) <= places.SOCKET_PATH_LIMIT
    assert places.socket_dir(deep) != places.socket_dir(deep.with_name("y" * 100))
    assert places.socket_dir(Path("/srv/crm")) == Path("/srv/crm/run")


def test_a_directory_of_somebody_else_is_refused(tmp_path, monkeypatch):
    path = places.make_private(tmp_path / "run")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(places.EmbeddedError, match="belongs to somebody else"):
        places.make_private(path)


def test_a_closed_parent_is_not_reachable(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not places.reachable_by_others(closed / "data")
    assert places.reachable_by_others(Path("/usr"))


def test_the_given_directory_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "environment"))
    assert places.data_dir(str(tmp_path / "given")) == tmp_path / "given"
    assert places.data_dir() == tmp_path / "environment"
