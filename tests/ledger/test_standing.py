"""What stands open beside balances, as each party may see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from ledger.selectors.accounts import account_lines, account_statement
from ledger.selectors.entries import entry_detail, indexes_of, list_entries
from ledger.selectors.standing import arrivals_of, closed_periods, disputes, pledges, releases_of, shipments
from ledger.services.register_key import revoke_key
from tests.ledger.conftest import standing
from tests.ledger.test_rules import (
    LENT,
    ON_WAY,
    OWN,
    PARTIES,
    agree,
    arrive,
    change_key,
    pledge,
    reaffirm,
    release,
    ship,
)  # fmt: skip
from tests.ledger.world import NOW, append, key_of, open_world, receive


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """6, 7: shipments, 8: of 6 arrives a part, 9: all of 7. 10, 11: pledges, 12: 11 is released. 13: a period is
    closed. 14: the maker's key was stolen before 8, 16: it stands by 8."""
    with standing(tmp_path_factory.mktemp("standing"), django_db_blocker, _build):
        yield


def _build() -> None:
    open_world(PARTIES)
    append(receive(1000))
    sent = append(ship(300, receiver="maker", expected_by="2024-01-10"))
    other = append(ship(50))
    come = append(arrive(200, sent.entry_id))
    append(arrive(50, other.entry_id))
    append(pledge(600))
    given = append(pledge(30, "fund"))
    append(release(given.entry_id, "fund"))
    append(agree("2023-12-31"))
    with transaction.atomic():
        revoke_key(vkey=str(key_of("maker").vkey), reason="Stolen.", compromised_since_index=8, now=NOW)
    append(reaffirm(come.entry_id, by=change_key("2025a")), by="maker")


pytestmark = pytest.mark.usefixtures("world")


def test_what_is_on_its_way_and_overdue() -> None:
    (sent,) = shipments(party="maker")
    assert (sent.index, sent.receiver, sent.account, sent.shipped_mg, sent.left_mg) == (6, "maker", ON_WAY, 300, 100)
    assert [sent.overdue(dt.date(2024, 1, day)) for day in (9, 10, 11)] == [False, False, True]
    (done,) = shipments(party=None, index=7)
    assert (done.left_mg, done.overdue(dt.date(2030, 1, 1))) == (0, False)
    assert [row.index for row in shipments(party=None)] == [6]


def test_who_sees_what_is_on_its_way() -> None:
    """Whoever reads the entry, the receiver among them, who is neither owner nor holder of it yet."""
    seen = {party: len(shipments(party=party)) for party in (*PARTIES, "stranger")}
    assert seen == {"bank": 0, "fund": 1, "lessor": 1, "maker": 1, "stranger": 0}
    assert shipments(party="bank", index=6) == ()


def test_a_shipment_and_its_arrivals_name_each_other() -> None:
    for index, arrivals in ((6, (8,)), (7, (9,))):
        sent = shipments(party=None, index=index)
        assert arrivals_of(shipment=sent, party="maker") == arrivals
        assert arrivals_of(shipment=sent, party="bank") == ()
    assert arrivals_of(shipment=(), party=None) == ()


def test_pledges_for_owner_and_pledgee() -> None:
    (given,) = pledges(party="bank")
    assert (given.index, given.pledgee, given.account, given.pledged_mg, given.left_mg) == (10, "bank", OWN, 600, 600)
    assert [row.index for row in pledges(party="lessor")] == [10]
    assert pledges(party="maker") == pledges(party="fund") == ()
    (back,) = pledges(party="fund", index=11)
    assert back.left_mg == 0
    assert releases_of(index=11, entry_id=back.entry_id, party="fund") == (12,)
    assert releases_of(index=11, entry_id=back.entry_id, party="bank") == ()
    assert releases_of(index=10, entry_id=given.entry_id, party=None) == ()


def test_closed_periods_of_either_side() -> None:
    for party in ("lessor", "maker", None):
        (closed,) = closed_periods(party=party)
        assert (closed.party, closed.other, closed.closed_until, closed.index) == (
            "lessor", "maker", dt.date(2023, 12, 31), 13,
        )  # fmt: skip
    assert closed_periods(party="bank") == ()


def test_disputes_and_what_clears_them() -> None:
    found = {row.index: (row.party, row.reaffirmed) for row in disputes(indexes=range(17))}
    assert found == {8: ("maker", 16), 9: ("maker", None), 13: ("maker", None)}


def test_lists_and_statements_mark_what_is_disputed_now() -> None:
    assert {entry.index: entry.disputed_by for entry in list_entries(party=None) if entry.disputed_by} == {
        9: ("maker",),
        13: ("maker",),
    }
    lines = account_lines(account_statement(account=LENT, party="lessor"))
    assert [(line.index, line.disputed_by) for line in lines] == [(8, ()), (9, ("maker",))]


def test_entries_are_found_by_their_ids_where_they_may_be_read() -> None:
    ids = {index: entry_detail(index=index, party=None).summary.entry_id for index in (6, 10)}
    asked = [*ids.values(), "0" * 64]
    assert indexes_of(entry_ids=asked, party=None) == {ids[6]: 6, ids[10]: 10}
    assert indexes_of(entry_ids=asked, party="maker") == {ids[6]: 6}
