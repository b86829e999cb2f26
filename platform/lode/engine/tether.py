"""Run a program that must not outlive the supervisor: `python -I -S tether.py FD SECONDS PROGRAM ARGUMENT...`.

FD is the reading end of a pipe whose writing end only the supervisor has. When the supervisor dies, however it dies,
the pipe ends: the program is asked to stop, and after SECONDS the whole process group is killed. That works the same
on Linux and macOS. Only the standard library is used, so that a tether costs little.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

signals_read, signals_write = os.pipe()


def main() -> int:
    """Run the program; return its exit code, or 128 and the signal's number where a signal ended it."""
    rope, patience, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    os.set_blocking(signals_write, False)
    signal.set_wakeup_fd(signals_write)
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(name, lambda *_: None)
    child = subprocess.Popen(command)
    deadline: float | None = None
    watched = [rope, signals_read]
    while child.poll() is None:
        wait = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select(watched, [], [], wait)
        if deadline is not None and time.monotonic() >= deadline:
            os.killpg(0, signal.SIGKILL)
        if rope in ready and not os.read(rope, 1):
            watched.remove(rope)
            deadline = time.monotonic() + patience
            child.terminate()
        if signals_read in ready:
            for number in os.read(signals_read, 64):
                if number != signal.SIGCHLD:
                    child.send_signal(number)
    if deadline is not None:
        os.killpg(0, signal.SIGKILL)  # what the program left behind goes with it; nobody waits for our exit code
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main())
