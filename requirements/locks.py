"""Make the locks, or check that they are current: `python requirements/locks.py [--check]`.

A lock begins with the SHA-256 of the files that it was made from, so that a check needs no network.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MADE_FROM = {"base": ["base.in"], "dev": ["base.in", "dev.in"]}


def heading(name: str) -> str:
    """Return the first line of a lock that is current."""
    digest = hashlib.sha256(b"".join((HERE / source).read_bytes() for source in MADE_FROM[name])).hexdigest()
    return f"# Made by `make locks` from {', '.join(MADE_FROM[name])} ({digest}). Do not edit."


def stale() -> list[str]:
    """Return the names of the locks that are not current."""
    return [name for name in MADE_FROM if not (HERE / f"{name}.txt").read_text().startswith(heading(name) + "\n")]


def make(name: str) -> None:
    """Resolve a lock anew, keeping the versions that it has where they still fit."""
    lock = HERE / f"{name}.txt"
    options = "--universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --quiet"
    command = ["uv", "pip", "compile", *options.split(), *sys.argv[1:], f"{name}.in", "-o", f"{name}.txt"]
    subprocess.run(command, cwd=HERE, check=True)
    lock.write_text(f"{heading(name)}\n{lock.read_text()}")


def main() -> int:
    """Make the locks, or check them; return the exit code."""
    if sys.argv[1:] == ["--check"]:
        for name in stale():
            print(f"requirements/{name}.txt is older than what it is made from: run `make locks`.", file=sys.stderr)
        return 1 if stale() else 0
    try:
        for name in MADE_FROM:
            make(name)
    except FileNotFoundError:
        print("`make locks` needs uv (pip install uv); nothing else here does.", file=sys.stderr)
        return 3
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
