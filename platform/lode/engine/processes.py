"""Facts about other processes of this machine, on Linux and macOS, without a library."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Say whether a process of that number runs; one that is dead and not buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        after_name = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return not _ps(pid, "stat").startswith("Z")
    return after_name[0] != "Z"


def process_name(pid: int) -> str:
    """Return the name of a process's program without its folder, or an empty string where there is none."""
    if not is_alive(pid):
        return ""
    try:
        return (Path("/proc") / str(pid) / "comm").read_text().strip()
    except OSError:
        return Path(_ps(pid, "comm")).name


def _ps(pid: int, column: str) -> str:
    try:
        listed = subprocess.run(["ps", "-p", str(pid), "-o", f"{column}="], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return listed.stdout.strip()


def works_in(pid: int, folder: Path) -> bool | None:
    """Say whether a living process works in the folder, or None where this machine does not tell."""
    if not Path("/proc/self").exists():
        return None
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink() == folder.resolve()
    except OSError:  # no such process, a dead one that nobody has buried, or another user's
        return False
