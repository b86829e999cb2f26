"""Make `.venv` from the hashed locks, once: `python3 requirements/install.py` (that is `make setup`).

Does nothing where the environment is what the locks ask for. This file must be readable by Python 3.6, so that an old
one can say that it is too old.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Iterator, List  # noqa: UP035 - these names are there in an old Python too

OLDEST = (3, 11)
NEWER = ["python3.14", "python3.13", "python3.12", "python3.11"]
PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "lode-stamp"
LOCK = PROJECT / "requirements" / "dev.txt"
LOG = PROJECT / "var" / "log" / "setup.log"

NO_VENV = (
    "The environment .venv could not be made with {}. Debian and Ubuntu keep that part of Python in a package of its "
    "own: apt-get install python3-venv"
)
NO_LIBRARIES = (
    "The libraries could not be installed. They come from the Python package index: is this machine online, and does "
    "pip know your proxy or mirror? `make setup` tries again."
)
NO_PROJECT = "Lode itself could not be installed into .venv."


class SetupError(Exception):
    """The environment cannot be made; the message is a sentence that says what to do."""


def main() -> int:
    """Make or repair the environment; return the exit code."""
    if sys.version_info < OLDEST:
        return run_newer()
    try:
        with one_at_a_time():
            if not is_current():
                install()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nInterrupted; `make setup` starts again.", file=sys.stderr)
        return 130
    return 0


def run_newer() -> int:
    """Hand over to a newer Python of this machine, or say that there is none."""
    for name in NEWER:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, str(Path(__file__).resolve())])
    oldest, found = ".".join(map(str, OLDEST)), ".".join(map(str, sys.version_info[:2]))
    print(
        f"Lode needs Python {oldest} or newer, and {sys.executable} is {found}. Install a newer one (Debian: apt-get "
        "install python3.11 python3.11-venv; macOS: brew install python) or name one: make PYTHON=/path/to/python3",
        file=sys.stderr,
    )
    return 3


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep two terminals from making the environment at once; say so where the project's folder is not writable."""
    import fcntl  # noqa: PLC0415 - an old Python on another system must get as far as its sentence

    if is_current() and not os.access(str(PROJECT), os.W_OK):
        yield  # made by somebody else, and good
        return
    try:
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with (PROJECT / "var" / ".setup.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise SetupError(
            f"Lode keeps its environment and its data in {PROJECT} and cannot write there ({error.strerror}: "
            f"{error.filename}). Give your user that folder, or copy the project to one of yours."
        ) from error


def wanted() -> str:
    """Name the state of the environment that the locks and this folder ask for."""
    package = (PROJECT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.pytest", 1)[0]
    return f"{PROJECT} {hashlib.sha256(LOCK.read_bytes() + package.encode()).hexdigest()}"


def stamp() -> str:
    """Return what the last complete installation wrote, an empty string where there was none."""
    try:
        return STAMP.read_text()
    except OSError:
        return ""


def is_current() -> bool:
    """Say whether the environment is complete, current and can run."""
    return stamp() == wanted() and runs()


def runs() -> bool:
    """Say whether the environment's Python runs and is new enough."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.call([str(PYTHON), "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def install() -> None:
    """Make the environment anew where it is half-made, moved or too old, then install exactly what the lock says."""
    complete = stamp().startswith(f"{PROJECT} ") and runs()
    if STAMP.exists():
        STAMP.unlink()
    with LOG.open("w") as log:
        if not complete:
            make_venv(log)
        pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar=off"]
        lock = [*pip, "--require-hashes", "--no-deps", "-r", str(LOCK)]
        step("Installing the libraries that requirements/dev.txt names (a minute or two)", lock, log, NO_LIBRARIES)
        project = [*pip, "--no-build-isolation", "--no-deps", "--no-index", "-e", "."]
        step("Installing Lode itself", project, log, NO_PROJECT)
    STAMP.write_text(wanted())


def make_venv(log: IO[str]) -> None:
    """Make an empty environment, removing what an interrupted set-up left."""
    if VENV.is_symlink() or VENV.is_file():
        raise SetupError(f"{VENV} is in the way: remove it, then try again.")
    if VENV.exists():
        shutil.rmtree(str(VENV))
    step("Making the environment .venv", [sys.executable, "-m", "venv", str(VENV)], log, NO_VENV.format(sys.executable))


def step(text: str, command: List[str], log: IO[str], trouble: str) -> None:  # noqa: UP006 - as above
    """Run a command, say how long it took; raise SetupError with the end of its output where it fails."""
    print(f"{text} …", end="", flush=True)
    began, start = time.monotonic(), LOG.stat().st_size
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    code = subprocess.call(command, cwd=str(PROJECT), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
    print(f" {time.monotonic() - began:.1f} s", flush=True)
    if code != 0:
        said = LOG.read_bytes()[start:].decode(errors="replace").splitlines()[-12:]
        shown = "\n".join(f"  | {line}" for line in said)
        raise SetupError(f"{trouble}\n{shown}\n(all of it: {LOG})")


if __name__ == "__main__":
    sys.exit(main())
