"""The `lode` command line on the demo world: figures out, the same twice, and what is wrong in a sentence."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.support import databases, demo_world
from tests.support.demo_world import World


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with django_db_blocker.unblock(), demo_world.copy(tmp_path_factory.mktemp("world")) as its:
        yield its


def lode(world: World, *words: str, module: str = "lode.cli.main") -> subprocess.CompletedProcess[str]:
    environment = databases.environment(world.database, world.var)
    done = subprocess.run(
        [sys.executable, "-m", module, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_the_ledger_of_the_demo_is_sound(world):
    done = lode(world, "ledger", "verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"The ledger is sound: {world.summary['entries']} entries, root ")


def test_balances_are_those_of_the_summary(world):
    done = lode(world, "ledger", "balance", "--element", "Ni", "--owner", "borealis")
    answer = json.loads(done.stdout)
    outside = ("source", "loss", "unaccounted", "exported")
    inside = sum(row["mass_mg"] for row in answer["balances"] if row["state"] not in outside)
    assert answer["known_at"] == world.summary["tree_size"]
    assert inside == int(world.summary["elements"]["Ni"]["by_owner"]["borealis"])


def test_a_balance_of_a_day_and_a_tree_size_is_the_same_for_ever(world):
    words = ("ledger", "balance", "--holder", "kunwu", "--as-of", "2024-06-30", "--known-at", "60", "--format", "csv")
    first, second = lode(world, *words), lode(world, *words)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    rows = list(csv.DictReader(io.StringIO(first.stdout)))
    assert rows
    assert {row["holder"] for row in rows} == {"kunwu"}
    assert all(row["mass_mg"].lstrip("-").isdigit() for row in rows)


def test_a_tree_size_that_is_not_there_yet_is_wrong_usage(world):
    done = lode(world, "ledger", "balance", "--known-at", "999999")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"The ledger has {world.summary['tree_size']} entries, fewer than 999999." in done.stderr


@pytest.mark.parametrize("words", [("balance", "--owner", "borealiss"), ("export", "out", "--party", "borealiss")])
def test_a_misspelt_name_is_no_balance_of_nothing(world, words):
    done = lode(world, "ledger", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "borealiss" in done.stderr


@pytest.mark.parametrize("party", [(), ("--party", "ringcycle")], ids=["all", "a-party"])
def test_an_export_is_verified_offline(world, tmp_path, party):
    folder = tmp_path / "an export"
    done = lode(world, "ledger", "export", str(folder), *party)
    assert done.returncode == 0, done.stderr
    assert f"lode-verify '{folder}'" in done.stdout
    checked = lode(world, str(folder), module="ledger.verify_cli")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    opened = len(list((folder / "entries").glob("*.note")))
    assert (opened == world.summary["entries"]) is (party == ())


def test_settling_a_settled_period_leaves_the_statement_as_it_stands(world):
    contract = next(one for one in world.summary["statements"] if one["kind"] == "material-lease")
    words = ("settle", "--contract", contract["contract"], "--period", contract["period"])
    done = lode(world, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{contract['ref']}: stands as it was\n"


def test_a_statement_for_finance_is_printed_and_recorded(world):
    statement = next(one for one in world.summary["statements"] if one["kind"] == "offtake")
    done = lode(world, "export", statement["ref"], "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert {row["statement_ref"] for row in rows} == {statement["ref"]}
    assert {Decimal(row["statement_total"]) for row in rows} == {Decimal(statement["total"])}
    said = done.stderr.strip()
    file = Path(said.rpartition("kept as ")[2])
    assert hashlib.sha256(file.read_bytes()).hexdigest() in said
    as_json = json.loads(lode(world, "export", statement["ref"], "--format", "json").stdout)
    assert as_json


def test_what_is_due_and_cannot_be_settled_is_exit_code_1(world):
    done = lode(world, "settle", "--due", "--as-of", "2026-03-01")
    assert done.returncode == 1
    assert "[missing-price]" in done.stdout
    assert "could not be settled: see above." in done.stderr


def test_a_second_demo_keeps_the_world(world):
    before = lode(world, "ledger", "balance").stdout
    done = lode(world, "demo")
    assert done.returncode == 0, done.stderr
    assert "The demo world is there already" in done.stdout
    assert lode(world, "ledger", "balance", "--known-at", str(json.loads(before)["known_at"])).stdout == before
    assert not (world.var / "demo" / "unfinished").exists()


def test_a_ledger_that_was_changed_behind_its_back_fails_with_the_entry(world, tmp_path, django_db_blocker):
    with django_db_blocker.unblock(), demo_world.copy(tmp_path) as other:
        with databases.beyond_the_guard(other.database) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")
            connection.execute(
                "UPDATE ledger_entry SET note = set_byte(note, 40, get_byte(note, 40) # 1) WHERE index = 17"
            )
        done = lode(other, "ledger", "verify")
    assert (done.returncode, done.stdout) == (1, "")
    assert "17" in done.stderr
