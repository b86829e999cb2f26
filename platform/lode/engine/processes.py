"""Facts about other processes of this machine, on Linux and macOS, without a library."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Say whether a process of that number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def process_name(pid: int) -> str:
    """Return the name of a process's program without its folder, or an empty string where there is none."""
    if not is_alive(pid):
        return ""
    comm = Path("/proc") / str(pid) / "comm"
    try:
        return comm.read_text().strip()
    except OSError:
        pass
    try:
        listed = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return Path(listed.stdout.strip()).name


def works_in(pid: int, folder: Path) -> bool | None:
    """Say whether a living process works in the folder, or None where this machine does not tell."""
    if not Path("/proc/self").exists():
        return None
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink() == folder.resolve()
    except OSError:  # no such process, a dead one that nobody has buried, or another user's
        return False
