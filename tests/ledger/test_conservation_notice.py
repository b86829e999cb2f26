"""The notice of conservation at a close: published from a checkpoint, opened again for each reader, checked by it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings

from ledger.core import conservation_proof
from ledger.core.entry import Account, move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.conservation import conservation_notice, conservation_notices
from ledger.services.conservation import (
    KEPT_IN,
    open_account,
    open_conservation,
    publish_conservation,
    publish_conservation_if_moved,
)
from tests.ledger.world import NOW, account, append, lease_out, note, open_world, receive

LATER = NOW + dt.timedelta(days=31)
COBALT = account("maker", element="Co", lot="co-1")


@pytest.fixture
def book(own_database: str) -> None:
    """Leaf 0 the notice of opening, 1 to 3 keys, 4 and 5 receipts, 6 a lease, 7 all cobalt used up and lost."""
    open_world()
    append(receive(5_000))
    append(receive(70, COBALT))
    append(lease_out(1_250))
    append(
        note(
            "loss",
            net_legs(move(COBALT, COBALT._replace(state="loss"), 70)),
            ["maker"],
            reason="A fire.",
        )
    )


def proven(index: int, party: str) -> dict[Account, int]:
    opening = conservation_proof.decode(open_conservation(index=index, party=party))
    return conservation_proof.check_opening(opening, conservation_notice(index=index).commitments)


@pytest.mark.usefixtures("book")
def test_a_close_commits_to_every_account_and_each_party_proves_its_own() -> None:
    notice = publish_conservation(now=LATER)
    assert (notice.index, notice.tree_size, notice.elements) == (8, 8, ("Co", "Ni"))
    assert [(item.bounded.mass_mg, item.source.mass_mg) for item in notice.commitments] == [(70, 70), (5_000, 5_000)]
    assert conservation_notices() == (notice,)
    assert conservation_notice(index=8) == notice
    lessor = {account(): 3_750, account(holder="maker"): 1_250, account(state="source"): -5_000}
    maker = {
        COBALT: 0,
        COBALT._replace(state="loss"): 70,
        COBALT._replace(state="source"): -70,
        account(holder="maker"): 1_250,
    }
    assert proven(8, "lessor") == lessor
    assert proven(8, "maker") == maker
    assert proven(8, "recycler") == {}
    only = open_account(notice=notice, account=account())
    assert conservation_proof.check_opening(only, notice.commitments) == {account(): 3_750}


@pytest.mark.usefixtures("book")
def test_the_same_proof_is_made_again_later_and_an_auditor_recomputes_all_of_it() -> None:
    notice = publish_conservation(now=LATER)
    before = open_conservation(index=notice.index, party="lessor")
    append(receive(1))
    assert open_conservation(index=notice.index, party="lessor") == before
    origin, index, seeds = conservation_proof.decode_seeds(open_conservation(index=notice.index, party=None))
    assert (origin, index) == (settings.LEDGER_ORIGIN, 8)
    balances = {
        account(): 3_750,
        account(holder="maker"): 1_250,
        account(state="source"): -5_000,
        COBALT: 0,
        COBALT._replace(state="loss"): 70,
        COBALT._replace(state="source"): -70,
    }
    assert conservation_proof.recompute(seeds, balances, 8) == notice.commitments
    assert conservation_proof.recompute(seeds, {**balances, account(): 3_751}, 8) != notice.commitments


@pytest.mark.usefixtures("book")
def test_one_element_can_be_closed_alone() -> None:
    assert publish_conservation(elements=["Co"], now=LATER).elements == ("Co",)
    with pytest.raises(LedgerError, match="no account of Li, Mn, so nothing") as refusal:
        publish_conservation(elements=["Mn", "Ni", "Li"], now=LATER)
    assert refusal.value.code is LedgerCode.UNKNOWN_ACCOUNT
    assert len(conservation_notices()) == 1


@pytest.mark.usefixtures("book")
def test_a_close_after_which_nothing_moved_is_not_made_again() -> None:
    first = publish_conservation_if_moved(now=LATER)
    assert first is not None
    assert publish_conservation_if_moved(now=LATER) is None
    append(receive(2_000))
    second = publish_conservation_if_moved(now=LATER)
    assert second is not None
    assert (second.index, second.tree_size, second.commitments[1].bounded.mass_mg) == (10, 10, 7_000)
    assert proven(first.index, "lessor")[account()] == 3_750
    assert proven(second.index, "lessor")[account()] == 5_750
    assert [notice.index for notice in conservation_notices()] == [8, 10]
    assert [notice.index for notice in conservation_notices(size=10)] == [8]


def test_a_ledger_in_which_nothing_ever_moved_has_nothing_to_commit_to(own_database: str) -> None:
    open_world()
    assert publish_conservation_if_moved(now=LATER) is None
    with pytest.raises(LedgerError, match="no account of any element"):
        publish_conservation(now=LATER)


@pytest.mark.usefixtures("book")
def test_without_its_secret_a_notice_is_opened_to_nobody() -> None:
    notice = publish_conservation(now=LATER)
    path = Path(settings.VAR_DIR) / "secrets" / KEPT_IN
    assert path.stat().st_mode & 0o777 == 0o600
    kept = path.read_bytes()
    path.write_text("00" * 32 + "\n")
    with pytest.raises(LedgerError, match="is not the one under which the notice at entry 8 was made") as refusal:
        open_conservation(index=notice.index, party="lessor")
    assert refusal.value.code is LedgerCode.CONFLICT
    path.unlink()
    with pytest.raises(LedgerError) as refusal:
        open_conservation(index=notice.index, party="lessor")
    assert refusal.value.code is LedgerCode.NOT_OPEN
    path.write_bytes(kept)
    assert proven(notice.index, "maker")[COBALT] == 0


@pytest.mark.usefixtures("book")
def test_an_entry_that_is_no_notice_of_conservation_is_not_opened() -> None:
    for index in (0, 4, 99):
        with pytest.raises(LedgerError, match=f"Entry {index} is no notice of conservation"):
            open_conservation(index=index, party="lessor")
