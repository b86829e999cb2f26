"""`make setup` where something is in the way; the good way is what every test run begins with."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

PROJECT = Path(settings.BASE_DIR)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a space in its name that holds what the set-up reads."""
    folder = tmp_path / "my lode"
    (folder / "requirements").mkdir(parents=True)
    for name in ("requirements/install.py", "requirements/dev.txt", "pyproject.toml", "Makefile"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


@pytest.fixture
def install(project: Path) -> ModuleType:
    """The set-up script of that project, as a module."""
    spec = importlib.util.spec_from_file_location("install", project / "requirements" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["make", *words], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_help_lists_every_target_that_is_for_people():
    listed = make(PROJECT, "help").stdout
    for target in ("setup", "run", "demo", "test", "check", "locks", "stop", "clean", "help"):
        assert f"make {target} " in listed


def test_no_python_is_a_sentence(project):
    done = make(project, "setup", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "There is no no-such-python here. Install Python 3.11 or newer" in done.stderr


def test_an_ancient_python_is_a_sentence(project):
    old = project / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert "is too old: Lode needs Python 3.11" in make(project, "setup", f"PYTHON={old}").stderr


def test_an_old_python_without_a_newer_one_is_a_sentence(install, monkeypatch, capsys):
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 18))
    monkeypatch.setenv("PATH", "/nowhere")
    assert install.main() == 3
    assert "Lode needs Python 3.11 or newer, and" in capsys.readouterr().err


def test_an_old_python_hands_over_to_a_newer_one(install, monkeypatch):
    handed_over = []
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(install.shutil, "which", lambda name: sys.executable if name == "python3.12" else None)
    monkeypatch.setattr(install.os, "execv", lambda path, words: handed_over.append((path, *words)))
    install.run_newer()
    assert handed_over[0][:2] == (sys.executable, sys.executable)


def test_a_python_without_venv_is_a_sentence(install, project, monkeypatch, capsys):
    broken = project / "python3"
    broken.write_text("#!/bin/sh\necho 'No module named ensurepip' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(install.sys, "executable", str(broken))
    assert install.main() == 3
    said = capsys.readouterr().err
    assert "apt-get install python3-venv" in said
    assert "  | No module named ensurepip" in said


def test_a_machine_that_is_offline_is_a_sentence_and_leaves_no_stamp(project):
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    offline |= {"PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}
    done = make(project, "setup", f"PYTHON={sys.executable}", **offline)
    assert done.returncode != 0
    assert "is this machine online" in done.stderr
    assert (project / ".venv").exists()
    assert not (project / ".venv" / "lode-stamp").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(install, project, capsys):
    (project / "var").touch()  # root may write everywhere, but not make a folder where a file is
    assert install.main() == 3
    assert f"data in {project} and cannot write there" in capsys.readouterr().err


def test_an_environment_is_current_only_where_it_was_made_whole_here_from_these_locks(install, project):
    assert not install.is_current()
    install.VENV.mkdir()
    (install.VENV / "bin").mkdir()
    install.PYTHON.symlink_to(sys.executable)
    assert not install.is_current(), "half-made: no stamp"
    install.STAMP.write_text(install.wanted())
    assert install.is_current()
    lock = install.LOCK.read_text()
    install.LOCK.write_text(lock + "# newer\n")
    assert not install.is_current(), "the locks have changed"
    install.LOCK.write_text(lock)
    install.STAMP.write_text(install.wanted().replace(str(project), "/elsewhere"))
    assert not install.is_current(), "the folder was moved, and every script in it points elsewhere"
    install.STAMP.write_text(install.wanted())
    install.PYTHON.unlink()
    assert not install.is_current(), "its Python is gone"


def test_the_locks_are_made_from_what_stands():
    command = [sys.executable, str(PROJECT / "requirements" / "locks.py"), "--check"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


def test_a_lock_that_is_older_than_its_source_is_said(tmp_path):
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    with (tmp_path / "requirements" / "base.in").open("a") as file:
        file.write("one-more-library\n")
    command = [sys.executable, str(tmp_path / "requirements" / "locks.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "requirements/base.txt is older" in done.stderr
    assert "requirements/dev.txt is older" in done.stderr
