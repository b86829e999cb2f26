"""The embedded PostgreSQL, started for real, after everything that can go wrong with its folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lode.engine import server_user as users
from lode.engine.lease import engine, start_and_keep, stop_and_forget
from lode.engine.places import EngineError, require_writable, secret
from lode.engine.postgres import Cluster
from lode.engine.server_user import ServerUser, server_user

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder that was made once, to be copied."""
    with tempfile.TemporaryDirectory(prefix="lode test made once ") as folder:
        cluster = Cluster(Path(folder) / "postgres", durable=False)
        cluster.start()
        cluster.ensure_database()
        cluster.stop()
        yield cluster.folder


@pytest.fixture
def cluster(made: Path, server_tmp: Path) -> Iterator[Cluster]:
    """A stopped cluster of one's own, below a folder with a space in its name."""
    folder = server_tmp / "with space" / "postgres"
    shutil.copytree(made, folder)
    if os.geteuid() == 0:
        owner = made.stat()
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)
    its = Cluster(folder, durable=False)
    yield its
    its.stop()


def answers(cluster: Cluster) -> bool:
    with psycopg.connect(cluster.url("lode_app", "lode")) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_a_first_start_makes_the_folder_and_a_second_does_nothing(server_tmp):
    cluster = Cluster(server_tmp / "a b" / "postgres", durable=False)
    try:
        cluster.start()
        pid = cluster.server_pid()
        cluster.start()
        assert cluster.server_pid() == pid is not None
    finally:
        cluster.stop()
    assert cluster.server_pid() is None
    assert not cluster.socket_folder.exists()


def test_a_folder_that_was_moved_starts_in_its_new_place(cluster, server_tmp):
    moved = Cluster(cluster.folder.rename(server_tmp / "elsewhere"), durable=False)
    moved.start()
    try:
        assert answers(moved)
    finally:
        moved.stop()


@pytest.mark.parametrize("seconds", [0.02, 0.15, 0.4])
def test_a_first_start_that_is_killed_is_made_good_by_the_next(server_tmp, seconds):
    folder = server_tmp / "postgres"
    code = f"from pathlib import Path; from lode.engine.postgres import Cluster; Cluster(Path({str(folder)!r})).start()"
    process = subprocess.Popen([sys.executable, "-c", f"print(1, flush=True); {code}"], stdout=subprocess.PIPE)
    process.stdout.read(1)
    time.sleep(seconds)
    process.kill()
    process.wait()
    cluster = Cluster(folder, durable=False)
    try:
        cluster.start()
        cluster.ensure_database()
        assert answers(cluster)
    finally:
        cluster.stop()


def test_what_an_interrupted_initdb_left_is_replaced(server_tmp):
    draft = server_tmp / "postgres.draft"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    cluster = Cluster(server_tmp / "postgres", durable=False)
    try:
        cluster.start()
        assert not draft.exists()
    finally:
        cluster.stop()


@pytest.mark.parametrize("pid", [os.getpid(), 999_999_999], ids=["anothers", "nobodys"])
def test_a_process_number_left_by_a_power_cut_is_not_believed(cluster, pid):
    (cluster.folder / "postmaster.pid").write_text(f"{pid}\n{cluster.folder}\n")
    assert cluster.server_pid() is None
    cluster.start()
    assert answers(cluster)


def test_a_killed_server_starts_again_with_what_was_committed(cluster):
    cluster = Cluster(cluster.folder, durable=True)
    cluster.start()
    with psycopg.connect(cluster.url("lode_owner", "lode"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS figure")
    os.kill(cluster.server_pid(), signal.SIGKILL)
    cluster.start()
    with psycopg.connect(cluster.url("lode_owner", "lode")) as connection:
        assert connection.execute("SELECT figure FROM kept").fetchone() == (7,)


def test_processes_that_start_it_at_once_get_one_server(cluster):
    code = "import sys; from pathlib import Path; from lode.engine.postgres import Cluster\n"
    code += "c = Cluster(Path(sys.argv[1]), durable=False); c.start(); print(c.server_pid())"
    command = [sys.executable, "-c", code, str(cluster.folder)]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {start.communicate()[0] for start in starts} == {f"{cluster.server_pid()}\n"}


def test_a_folder_of_something_else_is_left_alone_with_a_sentence(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "diary.txt").write_text("dear")
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    with pytest.raises(EngineError, match=r"is not a data folder of PostgreSQL 18.*Move it away"):
        Cluster(folder).start()
    assert (folder / "diary.txt").read_text() == "dear"


def test_a_folder_of_another_major_version_is_left_alone_with_a_sentence(cluster):
    (cluster.folder / "PG_VERSION").write_text("17\n")
    with pytest.raises(EngineError, match="its version: 17"):
        cluster.start()


def test_settings_that_the_server_refuses_are_shown(cluster):
    with (cluster.folder / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(EngineError, match=r'did not start(.|\n)*"no_such_setting"'):
        cluster.start()


def test_a_socket_folder_that_is_open_to_others_is_refused(cluster):
    cluster.socket_folder.mkdir()
    cluster.socket_folder.chmod(0o777)
    try:
        with pytest.raises(EngineError, match="open to others"):
            cluster.start()
    finally:
        cluster.socket_folder.rmdir()


def test_the_server_listens_on_no_port_and_only_its_user_reaches_the_socket(cluster):
    cluster.start()
    with psycopg.connect(cluster.url("postgres", "postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert cluster.socket_folder.stat().st_mode & 0o077 == 0


def test_another_users_folder_is_refused_with_a_sentence(made, monkeypatch):
    stranger = made.stat().st_uid + 1000
    monkeypatch.setattr(users.os, "geteuid", lambda: stranger)
    with pytest.raises(EngineError, match="was made by another user"):
        server_user(made)


@AS_ROOT
def test_root_lets_the_servers_user_pass_through_closed_folders(tmp_path, capsys):
    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    ServerUser(65534, 65534, is_caller=False).open_way_to(inner)
    assert closed.stat().st_mode & 0o777 == 0o701
    assert f"pass through {closed} (not list it)" in capsys.readouterr().err


@AS_ROOT
def test_root_runs_the_server_as_the_folders_owner(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    os.chown(folder, 4321, 4321)
    assert server_user(folder) == ServerUser(4321, 4321, is_caller=False)


def test_the_server_stops_after_its_last_user(cluster):
    with engine(cluster):
        with engine(cluster):
            assert cluster.is_running()
        assert cluster.is_running(), "the first user is still there"
    assert cluster.server_pid() is None


def test_a_server_that_is_kept_stops_only_when_told_so(cluster):
    start_and_keep(cluster)
    with engine(cluster):
        pass
    assert cluster.is_running()
    with engine(cluster), pytest.raises(EngineError, match="in use by another"):
        stop_and_forget(cluster)
    assert stop_and_forget(cluster) is True
    assert stop_and_forget(cluster) is False


def test_a_user_that_was_killed_is_not_waited_for(cluster):
    code = "import os, sys; from pathlib import Path; from lode.engine.postgres import Cluster\n"
    code += "from lode.engine.lease import engine\n"
    code += "with engine(Cluster(Path(sys.argv[1]), durable=False)): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(cluster.folder)], check=False)
    assert cluster.is_running(), "nobody was left to stop it"
    with engine(cluster):
        pass
    assert cluster.server_pid() is None


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(EngineError, match="cannot write there"):
        require_writable(blocked / "var")


def test_processes_that_need_a_secret_at_once_agree_on_it(tmp_path):
    code = "from lode.engine.places import secret; print(secret('LODE_TEST'))"
    environment = {**os.environ, "LODE_VAR": str(tmp_path)}
    asked = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = {process.communicate()[0].strip() for process in asked}
    assert answers == {(tmp_path / "secrets" / "lode_test").read_text()}
    assert (tmp_path / "secrets" / "lode_test").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["lode_test"], "no draft is left"


def test_a_secret_that_was_emptied_is_not_replaced_in_silence(tmp_path, monkeypatch):
    monkeypatch.setenv("LODE_VAR", str(tmp_path))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "lode_test").touch()
    with pytest.raises(EngineError, match="is empty"):
        secret("LODE_TEST")
