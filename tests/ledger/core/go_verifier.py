"""Builds and runs the Go program that checks an export with golang.org/x/mod/sumdb alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

GOPATH = Path("/usr/share/gocode")
SUMDB = GOPATH / "src/golang.org/x/mod/sumdb"
PROGRAM = Path(__file__).parent / "go" / "verify.go"
TREE_PROGRAM = Path(__file__).parent / "go" / "tree" / "tree.go"


def build(folder: Path, program: Path = PROGRAM) -> Path:
    """Return the program, built into `folder`; skip the test where Debian's packages are absent."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed; `apt-get install golang-go` brings it.")
    if not SUMDB.is_dir():
        pytest.skip("golang.org/x/mod is not installed; `apt-get install golang-golang-x-mod-dev` brings it.")
    settings = {"GOPATH": str(GOPATH), "GO111MODULE": "off", "CGO_ENABLED": "0"}
    if "HOME" not in os.environ:
        settings["GOCACHE"] = str(folder / "cache")
    binary = folder / "verify"
    subprocess.run([go, "build", "-o", binary, program], check=True, env=os.environ | settings, timeout=300)
    return binary


def run(
    binary: Path, export: Path, vkeys: Iterable[str], old_checkpoint: bytes, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Check the whole export: every entry signed by some of `vkeys`, the tree grown from `old_checkpoint`."""
    keys, old = folder / "vkeys", folder / "old-checkpoint"
    keys.write_text("".join(f"{key}\n" for key in vkeys))
    old.write_bytes(old_checkpoint)
    return subprocess.run([binary, export, keys, old], check=False, capture_output=True, text=True, timeout=60)
