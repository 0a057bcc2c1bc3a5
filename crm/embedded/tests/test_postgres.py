import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time

import psycopg2
import pytest

from crm.embedded.places import ROOT, EmbeddedError
from crm.embedded.postgres import Cluster


@contextlib.contextmanager
def running(data):
    cluster = Cluster(data, throw_away=True)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


def scalar(cluster, statement):
    with contextlib.closing(cluster.connect(cluster.name)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_chinese_text_has_trigrams_and_names_sort_by_code_point(data):
    with running(data) as cluster:
        assert scalar(cluster, "select cardinality(show_trgm('客户'))") == 3
        assert scalar(cluster, "select datcollate from pg_database where datname = 'crm'") == "C"


def test_it_listens_on_no_port(data):
    with running(data) as cluster:
        assert scalar(cluster, "show listen_addresses") == ""
        assert cluster.sockets.stat().st_mode & 0o077 == 0


def test_a_second_start_on_the_same_data_is_refused(data):
    with running(data) as cluster:
        with pytest.raises(EmbeddedError, match=f"in use by another running program .process {os.getpid()}"):
            Cluster(data).start()
        assert scalar(cluster, "select 1") == 1


def test_a_stale_pid_file_whose_number_was_given_away_is_no_hindrance(data):
    with running(data):
        pass
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data / 'postgres'}\n1\n5432\n\n\n\n")
    with running(data) as cluster:
        assert scalar(cluster, "select 1") == 1


def test_data_of_another_major_version_is_refused_with_the_way_out(data):
    with running(data):
        pass
    path = data / "postgres" / "PG_VERSION"
    ours = path.read_text()
    path.write_text("15\n")
    try:
        with pytest.raises(EmbeddedError, match="made by PostgreSQL 15.*pg_dump"):
            Cluster(data).start()
    finally:
        path.write_text(ours)


def test_a_half_made_cluster_is_made_anew(data, tmp_path):
    with running(data):
        pass
    partial = data / "postgres.new"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18\n")
    (data / "postgres").rename(data / "kept")
    try:
        with running(data) as cluster:
            assert scalar(cluster, "select 1") == 1
    finally:
        subprocess.run(["rm", "-rf", data / "postgres"], check=True)
        (data / "kept").rename(data / "postgres")


def test_what_was_committed_survives_kill_9_of_the_program_and_the_next_start_works(data):
    program = f"""
        import time
        from pathlib import Path
        from crm.embedded.postgres import Cluster
        cluster = Cluster(Path({str(data)!r}))
        cluster.start()
        connection = cluster.connect("crm")
        connection.cursor().execute("create table if not exists kept as select 42 as answer")
        print("ready", flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with running(data) as cluster:
        assert scalar(cluster, "select answer from kept") == 42


def test_an_orphaned_server_is_ended_before_the_next_start(data):
    first = Cluster(data, throw_away=True)
    first.start()
    orphan = first.child.process
    first.lock.close()  # the program is gone, its server is not
    with running(data) as cluster:
        assert orphan.wait(10) == 0
        assert scalar(cluster, "select 1") == 1


def test_stopping_ends_the_server_even_with_an_open_transaction(data):
    cluster = Cluster(data, throw_away=True)
    cluster.start()
    connection = psycopg2.connect(host=str(cluster.sockets), user="crm", dbname="crm")
    connection.cursor().execute("create table half_done (id int)")
    started = time.monotonic()
    cluster.stop()
    assert cluster.child.returncode == 0 and time.monotonic() - started < 10
