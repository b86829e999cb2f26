"""What a party may not see, the database leaves out, also where a query of ours forgets to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from pytest_django import DjangoDbBlocker, Settings

from ledger.core.entry import Account
from ledger.selectors import balances as balance_selectors
from ledger.selectors.balances import account_balance, balances
from ledger.selectors.entries import list_entries, submission
from ledger.selectors.movements import movements
from ledger.selectors.opened import opened_entries
from ledger.sql import reads
from ledger.sql.reads import Where
from ledger.sql.seen_by import seen_by
from tests.ledger.conftest import Grown
from tests.ledger.guarded_book import Guarded
from tests.ledger.world import account
from tests.support import databases

PUBLIC = {"ledger_key", "ledger_keyrevocation", "ledger_checkpoint", "ledger_cosignature", "ledger_tile"}
PARTIES = ("lessor", "maker", "recycler")


@pytest.fixture
def ledger(guarded_once: Grown, django_db_blocker: DjangoDbBlocker, settings: Settings) -> Iterator[None]:
    """Six entries: a notice, three keys, the lessor's receipt, and a lease by lessor to maker."""
    settings.LEDGER_DIR = guarded_once.var / "ledger"
    with django_db_blocker.unblock(), databases.clone(guarded_once.database):
        yield


def raw(party: str | None, query: str) -> list[tuple[Any, ...]]:
    with seen_by(connections["default"], party), connections["default"].cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def count(party: str | None, table: str) -> int:
    return int(raw(party, f"SELECT count(*) FROM {table}")[0][0])


def test_raw_queries_for_a_party_see_nothing_of_others(ledger: None) -> None:
    seen = {
        table: tuple(count(party, table) for party in (*PARTIES, "", None))
        for table in (
            "ledger_entry",
            "ledger_leg",
            "ledger_named_leg",
            "ledger_account",
            "ledger_balance",
            "ledger_inbox",
            "ledger_key",
        )
    }
    # lessor, maker, recycler, nobody, and the operator
    assert seen == {
        "ledger_entry": (6, 5, 4, 4, 6),  # four are public
        "ledger_leg": (4, 2, 0, 0, 4),
        "ledger_named_leg": (4, 2, 0, 0, 4),
        "ledger_account": (3, 1, 0, 0, 3),
        "ledger_balance": (3, 1, 0, 0, 3),
        "ledger_inbox": (0, 0, 0, 0, 4),
        "ledger_key": (5, 5, 5, 5, 5),
    }
    assert raw("maker", "SELECT owner, holder FROM ledger_account") == [("lessor", "maker")]
    # The other side of the lease, whose account it is not, it sees in the entry that it signed, and only there.
    assert raw("maker", "SELECT holder, mass_mg FROM ledger_named_leg ORDER BY 1") == [("lessor", -400), ("maker", 400)]


def test_pledges_and_shipments_are_seen_with_their_names_by_those_who_read_the_entry(ledger: None) -> None:
    with databases.beyond_the_guard(connections["default"].settings_dict["NAME"]) as superuser:
        for table, more in (("ledger_pledge", "pledgee, pledged_mg"), ("ledger_shipment", "receiver, shipped_mg")):
            superuser.execute(
                f"INSERT INTO {table} (entry_index, account_id, {more}, left_mg)"
                " SELECT entry_index, account_id, 'bank', 5, 5 FROM ledger_leg WHERE mass_mg < 0 OR entry_index = 4"
            )
    for kind in ("pledge", "shipment"):
        for relation in (f"ledger_{kind}", f"ledger_named_{kind}"):
            assert [count(party, relation) for party in (*PARTIES, "", None)] == [3, 1, 0, 0, 3], relation
        assert raw("maker", f"SELECT owner, holder FROM ledger_named_{kind}") == [("lessor", "lessor")]


def test_whoever_connects_as_a_party_and_says_no_name_sees_what_is_public(guarded: Guarded) -> None:
    connection = guarded.connection("lode_party")
    for table in guarded.tables:
        if connection.execute(f"SELECT has_table_privilege('{table}', 'SELECT')").fetchone() == (False,):
            continue
        found = connection.execute(f"SELECT * FROM {table}").fetchall()
        assert table in PUBLIC or table == "ledger_entry" or found == [], table
    assert connection.execute("SELECT DISTINCT kind FROM ledger_entry ORDER BY 1").fetchall() == [("key",), ("notice",)]


def test_every_table_that_a_party_may_read_is_public_or_cut(guarded: Guarded) -> None:
    readable = guarded.ask("SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'lode_party'"
                           " AND table_name NOT IN (SELECT viewname FROM pg_views)")  # fmt: skip
    cut = guarded.ask("SELECT c.relname FROM pg_class AS c JOIN pg_policy ON polrelid = c.oid AND polcmd = 'r'"
                      " AND polroles = ARRAY['lode_party'::regrole::oid] WHERE c.relrowsecurity")  # fmt: skip
    assert {name for (name,) in readable} == {name for (name,) in cut} | (PUBLIC & set(guarded.tables))
    rights = guarded.ask("SELECT DISTINCT privilege_type FROM information_schema.role_table_grants"
                         " WHERE grantee = 'lode_party'")  # fmt: skip
    assert rights == [("SELECT",)]


def test_a_party_cannot_write_anything_anywhere(guarded: Guarded) -> None:
    names = guarded.ask("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    for (table,) in names:
        assert guarded.refused("lode_party", f"DELETE FROM {table}").sqlstate == "42501", table
        assert guarded.refused("lode_party", f"INSERT INTO {table} DEFAULT VALUES").sqlstate == "42501", table


def everything(party: str) -> list[object]:
    """Return what the selectors answer to a party, of every sort that there is."""
    places = [account(), account(holder="maker"), account(state="source")]
    return [
        list_entries(party=party),
        list_entries(party=party, element="Ni"),
        list_entries(party=party, account=places[1]),
        opened_entries(party=party, first=0, size=6, limit=10),
        movements(party=party),
        tuple(balances(party=party)),
        [account_balance(account=place, party=party) for place in places],
    ]


@pytest.mark.parametrize("party", PARTIES)
def test_where_every_condition_of_ours_is_forgotten_the_answers_are_the_same(
    ledger: None, monkeypatch: pytest.MonkeyPatch, party: str
) -> None:
    before = everything(party)

    def forgetful(where: Where, party: str | None) -> None:
        where.add("true", party=party)

    def careless(*, party: str | None, **axes: str | None) -> Where:
        where = Where()
        where.add("true", party=party)
        for axis, value in axes.items():
            where.add(f"a.{axis} = %({axis})s", **{axis: value})
        return where

    monkeypatch.setattr(reads, "readable", forgetful)
    monkeypatch.setattr(balance_selectors, "accounts", careless)
    assert everything(party) == before
    assert len(before[0]) == {"lessor": 6, "maker": 5, "recycler": 4}[party]  # type: ignore[arg-type]


def test_without_the_database_the_forgotten_condition_would_show(ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: it is the database that the test above looks at."""
    with databases.beyond_the_guard(connections["default"].settings_dict["NAME"]) as superuser:
        superuser.execute("ALTER POLICY ledger_party ON ledger_entry USING (true)")
    monkeypatch.setattr(reads, "readable", lambda where, party: where.add("true", party=party))
    assert len(list_entries(party="recycler")) == 6


def _role() -> tuple[Any, ...]:
    (row,) = raw(None, "SELECT current_user, current_setting('lode.party', true)")
    return row


@pytest.mark.parametrize("party", [None, "maker"])
def test_a_stream_is_cut_as_well_and_holds_the_connection_for_no_longer_than_a_batch(
    ledger: None, monkeypatch: pytest.MonkeyPatch, party: str | None
) -> None:
    monkeypatch.setattr(reads, "_CHUNK", 2)
    query = 'SELECT "index" FROM ledger_entry ORDER BY 1'
    expected = [0, 1, 2, 3, 5] if party else [0, 1, 2, 3, 4, 5]
    for outside in (True, False):
        with transaction.atomic() if outside else seen_by(connections["default"], None):
            rows = []
            for (index,) in reads.stream(query, {"party": party} if party else {}):
                rows.append(index)
                assert _role()[0] == "lode_app"
            assert rows == expected


def _fails() -> None:
    with seen_by(connections["default"], "maker"), connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def _fails_in_a_transaction() -> None:
    with transaction.atomic():
        _fails()


def _fails_in_a_part_of_a_transaction() -> None:
    with transaction.atomic():
        with pytest.raises(DatabaseError):
            _fails_in_a_transaction()
        assert _role()[0] == "lode_app"
        raise DatabaseError


@pytest.mark.parametrize("fail", [_fails, _fails_in_a_transaction, _fails_in_a_part_of_a_transaction])
def test_a_query_that_fails_leaves_the_connection_as_it_was(ledger: None, fail: Callable[[], None]) -> None:
    with pytest.raises(DatabaseError):
        fail()
    assert _role() in {("lode_app", None), ("lode_app", "")}
    assert count(None, "ledger_entry") == 6


def test_a_name_is_only_ever_a_name(ledger: None) -> None:
    hostile = "maker', false), set_config('role', 'lode_app"
    assert count(hostile, "ledger_leg") == 0
    assert count("maker' OR true --", "ledger_leg") == 0


def test_the_operator_and_the_sequencer_are_not_slowed_down(guarded: Guarded) -> None:
    """For them no condition is added: a plan of the app's has no trace of a policy."""
    for role in ("lode_app", "lode_reader", "lode_sequencer"):
        plan = guarded.connection(role).execute("EXPLAIN SELECT * FROM ledger_leg WHERE account_id = 1").fetchall()
        assert not any("lode.party" in line or "SubPlan" in line for (line,) in plan), plan
    plan = guarded.connection("lode_party").execute("EXPLAIN SELECT * FROM ledger_leg WHERE account_id = 1").fetchall()
    assert any("lode.party" in line for (line,) in plan)


def test_what_was_handed_in_by_another_is_not_shown(ledger: None) -> None:
    entry_id = list_entries(party="lessor")[0].entry_id
    assert submission(entry_id=entry_id, party="maker").state == "posted"  # it may read the entry itself
    assert asdict(submission(entry_id=entry_id, party=None))["state"] == "posted"
    assert isinstance(account(), Account)
