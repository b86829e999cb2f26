"""The user that PostgreSQL runs as: the caller, or, because PostgreSQL refuses root, an unprivileged one for root."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lode.engine.places import EngineError


@dataclass(frozen=True)
class ServerUser:
    """Whom the server runs as, and what root must do so that this user gets at its files."""

    uid: int
    gid: int
    is_caller: bool

    def popen_options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to run a program as this user."""
        return {} if self.is_caller else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take(self, folder: Path) -> None:
        """Make this user the folder's owner."""
        if not self.is_caller:
            os.chown(folder, self.uid, self.gid)

    def take_socket_folder(self, folder: Path) -> None:
        """Make the folder of the socket, for nobody else to enter; refuse one that somebody else has put there.

        Who may enter it may do everything in the database: the server trusts whoever reaches its socket.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        ours = {os.geteuid(), self.uid}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours or found.st_mode & 0o077:
            raise EngineError(f"{folder} belongs to somebody else or is open to others. Remove it, then try again.")
        self.take(folder)

    def open_way_to(self, place: Path) -> None:
        """Let this user pass through (not list) every folder on the way, where root has closed one."""
        if self.is_caller:
            return
        for folder in [place.resolve(), *place.resolve().parents]:
            found = folder.stat()
            if found.st_uid == self.uid:
                may_pass = found.st_mode & stat.S_IXUSR
            else:
                may_pass = found.st_mode & (stat.S_IXGRP if found.st_gid == self.gid else stat.S_IXOTH)
            if not may_pass:
                self._let_pass(folder, found.st_mode)

    def _let_pass(self, folder: Path, mode: int) -> None:
        try:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
        except OSError as error:
            raise EngineError(
                f"The database's user cannot pass through {folder} ({error.strerror}). "
                "Put the project elsewhere, or run as an ordinary user."
            ) from error
        print(f"Others may now pass through {folder} (not list it): PostgreSQL does not run as root.", file=sys.stderr)


def server_user(folder: Path) -> ServerUser:
    """Return the user for a data folder: its owner where it exists; raise EngineError where that cannot be."""
    caller = os.geteuid()
    owner = folder.stat().st_uid if folder.exists() else None
    if caller != 0:
        if owner not in (None, caller):
            raise EngineError(
                f"{folder} was made by another user ({_name(owner)}, you are {_name(caller)}). "
                "Run Lode as the user who made it, or move that folder away to start with an empty database."
            )
        return ServerUser(caller, os.getegid(), is_caller=True)
    if owner:
        return ServerUser(owner, folder.stat().st_gid, is_caller=False)
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(user.pw_uid, user.pw_gid, is_caller=False)
    raise EngineError("PostgreSQL refuses to run as root and there is no user `nobody` here: run as an ordinary user.")


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"user {uid}"
