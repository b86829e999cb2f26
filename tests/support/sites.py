"""The web door as visitors meet it: gunicorn on a database of the tests, and a real browser before it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.support import databases

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
HOW_TO_GET_ONE = (
    "no Chromium here: install it (Debian: apt-get install chromium fonts-noto-cjk) to run the browser tests"
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def site(name: str, var: Path) -> Iterator[str]:
    """Serve the web door on the database of that name until the block ends; give its address."""
    port = free_port()
    log = var / "web.log"
    command = [sys.executable, "-m", "gunicorn", "lode.config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "4", "--no-control-socket"]
    environment = databases.environment(name, var) | {"LODE_DEMO": "0"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=var, env=environment, stdout=output, stderr=output)
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/sign-in/", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{address} answers {error.code}: {log.read_text()[-2000:]}") from error
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"The site did not come up: {log.read_text()[-2000:]}")


def in_ci() -> bool:
    return os.environ.get("CI") == "true"
