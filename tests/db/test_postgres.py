"""The private cluster is made, killed, mended and found again, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import psycopg2
import pytest

from geo_service.core import cluster_folder, keeper, machine
from geo_service.core.errors import Conflict, NotInstalled, Unavailable
from geo_service.core.postgres import Cluster
from tests.waiting import LONGEST_S, wait_until


@pytest.fixture(scope="module")
def _programs():
    try:
        return machine.postgres_programs()
    except NotInstalled as fault:
        pytest.skip(str(fault))


@pytest.fixture
def folder(_programs) -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach (pytest's are closed to others)."""
    made = Path(mkdtemp(prefix="geo-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def cluster(folder) -> Iterator[Cluster]:
    made = Cluster(folder / "data", durable=False)
    yield made
    made.stop()


def ask(cluster: Cluster, question: str, role: str = cluster_folder.OWNER) -> object:
    connection = psycopg2.connect(cluster.url(role))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def test_a_cluster_is_made_started_found_and_stopped(cluster):
    assert not cluster.status().running
    with pytest.raises(Unavailable):
        cluster.url()
    cluster.start()
    assert ask(cluster, "SELECT datcollate FROM pg_database WHERE datname = 'geo'") == "C.UTF-8"
    pid = cluster.status().pid
    cluster.start()
    assert cluster.status().pid == pid, "starting twice is starting once"
    assert cluster.stop() is True
    assert cluster.stop() is False
    assert not cluster.status().running


def test_the_cluster_has_postgis_and_sorts_thai_text(cluster):
    cluster.start()
    assert ask(cluster, "SELECT round(ST_Area(ST_MakeEnvelope(0, 0, 2, 3)))") == 6
    assert ask(cluster, "SELECT 'ก' < 'ข' COLLATE \"th-x-icu\"") is True


def test_the_owner_of_the_tables_is_no_superuser(cluster):
    cluster.start()
    question = (
        "SELECT ROW(rolsuper, rolbypassrls, rolreplication, rolcreaterole, rolcreatedb)::text"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(cluster, question) == "(f,f,f,t,t)"
    for statement in ("COPY (SELECT 1) TO PROGRAM 'id'", "SELECT pg_read_file('/etc/passwd')"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(cluster, statement)


def test_every_database_of_the_cluster_has_its_dangerous_functions_taken_away(cluster):
    cluster.start()
    ask(cluster, "CREATE DATABASE later")
    for database in ("geo", "later"):
        connection = psycopg2.connect(cluster.url("geo_reader").replace("@/geo", f"@/{database}"))
        try:
            with (
                connection.cursor() as cursor,
                pytest.raises(psycopg2.errors.InsufficientPrivilege),
            ):
                cursor.execute("SELECT pg_sleep(0)")
        finally:
            connection.close()


def test_a_cluster_whose_owner_is_superuser_still_starts(cluster, monkeypatch):
    # As they were made before there was a keeper.
    with monkeypatch.context() as before:
        before.setattr(cluster_folder, "KEEPER", cluster_folder.OWNER)
        before.setattr(keeper, "KEEPER", cluster_folder.OWNER)
        cluster.start()
        ask(cluster, "CREATE TABLE kept AS SELECT 42 AS n")
        cluster.stop()
    cluster.start()
    assert ask(cluster, "SELECT n FROM kept") == 42
    assert ask(cluster, "SELECT current_user", cluster_folder.KEEPER) == "postgres"


def test_nobody_reaches_the_cluster_over_the_network(cluster):
    cluster.start()
    assert ask(cluster, "SHOW listen_addresses") == ""
    place = Path(ask(cluster, "SHOW unix_socket_directories", cluster_folder.KEEPER))
    assert place.stat().st_mode & 0o077 == 0


def test_it_never_runs_as_root(cluster):
    cluster.start()
    owner = Path(f"/proc/{cluster.status().pid}").stat().st_uid
    assert owner != 0


def test_a_killed_server_starts_again_and_keeps_what_was_committed(cluster):
    cluster.start()
    ask(cluster, "CREATE TABLE kept AS SELECT 42 AS n")
    ask(cluster, "CHECKPOINT", cluster_folder.KEEPER)
    os.kill(cluster.status().pid, signal.SIGKILL)
    cluster.start()
    assert ask(cluster, "SELECT n FROM kept") == 42


def test_a_server_killed_while_a_session_works_starts_again(cluster):
    cluster.start()
    busy = psycopg2.connect(cluster.url())
    busy.cursor().execute("CREATE TABLE lost AS SELECT generate_series(1, 100000)")
    os.kill(cluster.status().pid, signal.SIGKILL)
    cluster.start()
    assert ask(cluster, "SELECT to_regclass('lost')") is None
    busy.close()


def test_a_dead_number_taken_by_a_stranger_does_not_keep_it_from_starting(cluster):
    cluster.start()
    home = cluster.status().folder
    said = (home / "postmaster.pid").read_text()
    cluster.stop()
    # Our own process lives and has another working folder.
    (home / "postmaster.pid").write_text(f"{os.getpid()}\n" + said.partition("\n")[2])
    assert not cluster.status().running
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1


def test_a_half_finished_first_start_is_thrown_away(cluster, folder):
    unfinished = folder / "data" / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("15\n")
    broken = folder / "data" / "postgres"
    broken.mkdir()
    (broken / "base").mkdir()
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1
    assert (folder / "data" / "postgres.broken" / "base").is_dir(), "moved aside, not deleted"
    assert not unfinished.exists()


@pytest.mark.parametrize(
    "name",
    ["ยาว" * 20 + "/" + "x" * 60, 'it\'s a "$(touch oops)" folder, with % and spaces'],
    ids=["longer-than-a-socket-path", "signs-that-shells-read"],
)
def test_any_path_will_do(folder, name):
    cluster = Cluster(folder / name / "data", durable=False)
    try:
        cluster.start()
        assert ask(cluster, "SELECT 1") == 1
        assert cluster.status().folder.is_relative_to(folder / name)
        place = ask(cluster, "SHOW unix_socket_directories", cluster_folder.KEEPER)
        assert len(os.fsencode(f"{place}/.s.PGSQL.{cluster_folder.PORT}")) <= 107
    finally:
        cluster.stop()
        Path(place).rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders closed to postgres")
def test_a_folder_that_postgres_cannot_reach_is_replaced_by_one_it_can(folder, monkeypatch):
    monkeypatch.setattr(cluster_folder, "ELSEWHERE", folder / "elsewhere")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster(closed / "data", durable=False)
    try:
        cluster.start()
        assert ask(cluster, "SELECT 1") == 1
        assert cluster.status().folder.is_relative_to(folder / "elsewhere")
        again = Cluster(closed / "data", durable=False)
        assert again.status().pid == cluster.status().pid
    finally:
        cluster.stop()


def test_two_starts_at_once_make_one_cluster(cluster, folder):
    code = (
        "import sys, pathlib; from geo_service.core.postgres import Cluster;"
        "Cluster(pathlib.Path(sys.argv[1]), durable=False).start()"
    )
    command = [sys.executable, "-c", code, str(folder / "data")]
    running = [subprocess.Popen(command) for _ in range(2)]  # noqa: S603  (our own code)
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert ask(cluster, "SELECT 1") == 1


def test_a_taken_port_is_no_trouble(cluster):
    taken = socket.socket()
    try:
        taken.bind(("127.0.0.1", cluster_folder.PORT))
        taken.listen()
    except OSError:
        pass  # somebody else already holds it, which serves as well
    try:
        cluster.start()
        assert ask(cluster, "SELECT 1") == 1
    finally:
        taken.close()


def test_a_lock_that_is_held_too_long_is_a_conflict(tmp_path):
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with machine.only_one(tmp_path / "lock", limit_s=1):
            entered.set()
            leave.wait(LONGEST_S)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(LONGEST_S)
    try:
        with pytest.raises(Conflict), machine.only_one(tmp_path / "lock", limit_s=0.1):
            pass
    finally:
        leave.set()
        holder.join()
    with machine.only_one(tmp_path / "lock", limit_s=0.1):
        pass


def test_a_machine_without_postgis_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "PROGRAMS", tmp_path)
    with pytest.raises(NotInstalled) as caught:
        machine.postgres_programs()
    assert "apt-get install -y postgresql-15 postgresql-15-postgis-3" in caught.value.detail.th


def test_a_zombie_does_not_live():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    try:
        wait_until(lambda: " Z " in Path(f"/proc/{child.pid}/stat").read_text())
        assert not machine.is_working_in(child.pid, Path.cwd())
    finally:
        child.wait()
    assert machine.is_working_in(os.getpid(), Path.cwd())
