"""Proofs on the command line: a close, the proof of a balance, and an auditor's exports one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.platform.test_cli_world import lode
from tests.support import demo_world
from tests.support.demo_world import World


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with django_db_blocker.unblock(), demo_world.copy(tmp_path_factory.mktemp("world")) as its:
        yield its


def said(world: World, *words: str, module: str = "lode.cli.main") -> str:
    done = lode(world, *words, module=module)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_close_is_published_proven_and_audited(world: World, tmp_path: Path) -> None:
    size = world.summary["tree_size"]
    first, second, kept = (str(tmp_path / name) for name in ("first", "second", "audited"))
    said(world, "ledger", "export", first, "--auditor", "audit-house")
    said(world, first, "--write-audited", kept, module="ledger.verify_cli")

    closed = said(world, "ledger", "close", "--element", "all").splitlines()
    assert closed[0] == f"Entry {size} commits to all balances at the tree of {size} entries:"
    masses = {line.split(": ")[0]: line.split(" ")[1] for line in closed[1:]}
    assert set(masses) == set(world.summary["elements"])

    row = json.loads(said(world, "ledger", "balance", "--element", "Ni", "--format", "json"))["balances"][0]
    account = "/".join(row[axis] for axis in ("owner", "holder", "element", "state", "lot"))
    proof = str(tmp_path / "balance.json")
    command = said(world, "ledger", "prove-balance", account, "--output", proof)
    keys = command.split("lode-verify ")[1].split()
    report = json.loads(said(world, *keys, "--json", module="ledger.verify_cli"))
    assert (report["balance_mg"], report["conserved_index"]) == (str(row["mass_mg"]), size)

    told = said(world, "ledger", "export", second, "--auditor", "audit-house", "--since", kept)
    assert f"Wrote 1 of {size + 1} entries since entry {size}" in told
    checked = said(world, second, "--base", first, "--held", kept, module="ledger.verify_cli")
    assert f"of {size + 1} entries is whole" in checked
    assert "every account counts in the totals of 1 notices" in checked


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("close", "--element", "Xx"), 1, "There is no account of Xx, so nothing was published. [unknown-account]"),
        (("close",), 2, "--element"),
        (("prove-balance", "a/b/Ni/stock/lot-1"), 1, "There is no account Ni of a at b (stock, lot lot-1)"),
        (("prove-balance", "a/b"), 2, "OWNER/HOLDER/ELEMENT/STATE/LOT"),
        (("export", "out", "--since", "nowhere"), 2, "nowhere cannot be read"),
        (("export", "out", "--auditor", "a", "--party", "b"), 2, "not allowed with"),
    ],
    ids=["no-element", "no-option", "no-account", "no-such-form", "no-file", "both"],
)
def test_what_cannot_be_done_is_said(world: World, words: tuple[str, ...], code: int, says: str) -> None:
    done = lode(world, "ledger", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
