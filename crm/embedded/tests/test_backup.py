import contextlib
import json
import tarfile
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg2 import sql

from crm.embedded import backup as backups
from crm.embedded.backup import BackupError, backup, restore


@pytest.fixture
def make_database(db):
    """Empty databases beside the tests' own, as Django settings; gone afterwards."""
    own = connection.settings_dict
    assert own["NAME"].startswith("test_")
    made = []

    def execute(statement):
        with contextlib.closing(backups.connect({**own, "NAME": "postgres"})) as server:
            server.autocommit = True
            for name in made:
                server.cursor().execute(sql.SQL(statement).format(sql.Identifier(name)))

    def make():
        made[:] = [*made, f"crm_backup_{uuid.uuid4().hex}"]
        with contextlib.closing(backups.connect({**own, "NAME": "postgres"})) as server:
            server.autocommit = True
            create = "create database {} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"
            server.cursor().execute(sql.SQL(create).format(sql.Identifier(made[-1])))
        return {**own, "NAME": made[-1]}

    yield make
    execute("drop database {} with (force)")


@pytest.fixture
def filled(make_database, tmp_path):
    """A database with the real schema and some awkward rows, and a private file: (database, private root)."""
    archive, _manifest = backup(connection.settings_dict, tmp_path / "none", tmp_path / "schema.tar")
    database = make_database()
    restore(database, tmp_path / "private", archive)
    run(
        database,
        "insert into users_department (name, kind) values ('客户 '' \\ 成功部', 'company'), (E'tab\\t😀', 'branch')",
    )
    (tmp_path / "private" / "合同").mkdir()
    (tmp_path / "private" / "合同" / "报价单.pdf").write_bytes(b"\0\xff private")
    return database, tmp_path / "private"


def run(database, statement):
    with contextlib.closing(backups.connect(database)) as other, other.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else None
        other.commit()
        return rows


def all_checksums(database):
    with contextlib.closing(backups.connect(database)) as other, other.cursor() as cursor:
        return backups.checksums(cursor)


def test_everything_comes_back_with_the_same_checksums(filled, make_database, tmp_path):
    database, private = filled
    archive, manifest = backup(database, private, tmp_path)
    assert archive.stat().st_mode & 0o077 == 0
    target = make_database()
    restore(target, tmp_path / "other", archive)
    assert all_checksums(target) == all_checksums(database) == manifest["tables"]
    assert manifest["tables"]["users_department"]["rows"] == 2
    assert (tmp_path / "other" / "合同" / "报价单.pdf").read_bytes() == b"\0\xff private"
    names = run(target, "select name from users_department order by id")
    assert names == [("客户 ' \\ 成功部",), ("tab\t😀",)]
    run(target, "insert into users_department (name, kind) values ('next', 'branch')")  # its sequence goes on, too


def test_one_changed_character_changes_the_checksum(filled):
    database, _private = filled
    before = all_checksums(database)
    run(database, "update users_department set name = 'tab' where kind = 'branch'")
    after = all_checksums(database)
    changed = {table for table in before if before[table] != after[table]}
    assert changed - {"access_policyversion"} == {"users_department"}  # a trigger counts the policy's version


def test_a_filled_database_is_replaced_only_by_force(filled, tmp_path):
    database, private = filled
    archive, manifest = backup(database, private, tmp_path)
    run(database, "update users_department set name = 'changed later' where kind = 'branch'")
    with pytest.raises(BackupError, match="--force"):
        restore(database, private, archive)
    assert run(database, "select count(*) from users_department where name = 'changed later'") == [(1,)]
    for _time in range(2):
        restore(database, private, archive, force=True)
        assert all_checksums(database) == manifest["tables"]
    assert len(list(tmp_path.glob("private.before-*"))) == 2


def test_a_database_in_use_is_left_alone(filled, tmp_path):
    database, private = filled
    archive, _manifest = backup(database, private, tmp_path)
    with contextlib.closing(backups.connect(database)), pytest.raises(BackupError, match="stop the program"):
        restore(database, private, archive, force=True)


def test_a_damaged_archive_is_refused_before_anything_is_touched(filled, make_database, tmp_path):
    database, private = filled
    archive, _manifest = backup(database, private, tmp_path)
    content = bytearray(archive.read_bytes())
    position = content.index(b"\0\xff private")
    content[position + 3] ^= 1
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(content)
    target = make_database()
    with pytest.raises(BackupError, match="damaged"):
        restore(target, tmp_path / "other", damaged)
    damaged.write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupError, match="not a whole backup"):
        restore(target, tmp_path / "other", damaged)
    assert all_checksums(target) == {}


@pytest.mark.parametrize("name", ["../out", "/out", "data/../../out", "link"])
def test_an_archive_that_would_write_elsewhere_is_refused(make_database, tmp_path, name):
    archive = tmp_path / "crafted.tar"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(member)
    with pytest.raises(BackupError, match="out of place"):
        restore(make_database(), tmp_path / "other", archive)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crafted.tar"]


def test_a_restore_that_differs_names_the_table(filled, make_database, tmp_path):
    database, private = filled
    archive, manifest = backup(database, private, tmp_path)
    manifest["tables"]["users_department"]["rows"] += 1
    forged = tmp_path / "forged"
    forged.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(forged)
    (forged / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(tmp_path / "forged.tar", "x") as tar:
        for path in forged.iterdir():
            tar.add(path, path.name)
    with pytest.raises(BackupError, match="differs from the backup in: users_department"):
        restore(make_database(), tmp_path / "other", tmp_path / "forged.tar")


def test_an_existing_file_is_not_overwritten(filled, tmp_path):
    database, private = filled
    target = tmp_path / "mine.tar"
    target.write_text("precious")
    with pytest.raises(BackupError, match="exists already"):
        backup(database, private, target)
    assert target.read_text() == "precious"


def test_the_commands_say_what_they_did(settings, tmp_path, capsys, db):
    settings.PRIVATE_ROOT = tmp_path / "private"
    call_command("backup", tmp_path / "all.tar")
    assert "rows of" in capsys.readouterr().out
    with pytest.raises(CommandError, match="stop the program|--force"):
        call_command("restore", tmp_path / "all.tar")
