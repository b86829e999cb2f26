"""An entry hides facts, and each of its readers sees those that it was shown."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.core import disclosures
from ledger.core.disclosures import Disclosure
from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.disclosed import disclosed_facts
from ledger.selectors.values import PostedEntry
from ledger.services.keep_disclosures import Disclosed, keep_disclosures
from tests.ledger.world import NOW, account, append, note, open_world, receive

SALTS = ["a salt that nobody guesses".replace(" ", "-"), "another salt of that kind".replace(" ", "-")]
DETAILS = {"grade": "12.4 %", "price": "17200", "batch": "B-7"}


@pytest.fixture
def lease(own_database: str) -> tuple[PostedEntry, Disclosure, Disclosure]:
    """A lease that hides its grade and its price."""
    open_world()
    append(receive(5_000))
    details, (grade, price) = disclosures.hide(DETAILS, ["grade", "price"], SALTS, decoys=["a decoy"])
    return append(hiding(details)), grade, price


def hiding(details: dict[str, Any]) -> bytes:
    own = account()
    legs = net_legs(move(own, own._replace(holder="maker"), 10))
    return note("lease-out", legs, ["lessor", "maker"], contract="L-1", details=details)


def keep(entry: PostedEntry, *given: tuple[str, tuple[str, ...]], party: str = "lessor") -> int:
    items = [Disclosed(text, readers) for text, readers in given]
    return keep_disclosures(entry_id=entry.entry_id, disclosed=items, party=party, now=NOW)


def refused(code: LedgerCode, says: str, *arguments: Any, **more: Any) -> None:
    with pytest.raises(LedgerError, match=says) as refusal:
        keep(*arguments, **more)
    assert refusal.value.code is code


def test_each_reader_sees_what_was_kept_for_it(lease: tuple[PostedEntry, Disclosure, Disclosure]) -> None:
    entry, grade, price = lease
    assert disclosed_facts(index=entry.index, party="maker").details == {"batch": "B-7"}
    assert keep(entry, (grade.text, ("lessor", "maker")), (price.text, ("lessor",))) == 3
    seen = disclosed_facts(index=entry.index, party="maker")
    assert (seen.hidden, seen.disclosures) == (True, (grade.text,))
    assert seen.details == {"batch": "B-7", "grade": "12.4 %"}
    assert disclosed_facts(index=entry.index, party="lessor").details == DETAILS
    assert disclosed_facts(index=entry.index, party=None).details == DETAILS
    # Again is not more, and who holds one may pass it on.
    assert keep(entry, (grade.text, ("maker",))) == 0
    assert keep(entry, (price.text, ("maker",)), party="maker") == 1
    assert disclosed_facts(index=entry.index, party="maker").details == DETAILS


def test_what_does_not_belong_is_not_kept(lease: tuple[PostedEntry, Disclosure, Disclosure]) -> None:
    entry, grade, price = lease
    stranger = disclosures.make(SALTS[0], "grade", "99 %")
    refused(LedgerCode.BAD_FIELD, "is not one of this entry", entry, (stranger.text, ("maker",)))
    refused(
        LedgerCode.BAD_FIELD, "is not one of this entry", entry, (grade.text, ("maker",)), (stranger.text, ("maker",))
    )
    refused(LedgerCode.FORBIDDEN, "'recycler' is not one of those", entry, (price.text, ("maker", "recycler")))
    refused(LedgerCode.UNKNOWN_ENTRY, "not yours to see", entry, (price.text, ("maker",)), party="recycler")
    refused(LedgerCode.BAD_FIELD, "base64url", entry, ("no disclosure", ("maker",)))
    assert disclosed_facts(index=entry.index, party=None).disclosures == ()


def test_a_fact_inside_of_a_hidden_one_is_shown_with_the_one_around_it(own_database: str) -> None:
    open_world()
    append(receive(5_000))
    inner = disclosures.make(SALTS[0], "city", "Ghent")
    outer = disclosures.make(SALTS[1], "plant", {"country": "BE", "_sd": [inner.digest]})
    entry = append(hiding({"_sd": [outer.digest], "_sd_alg": "sha-256"}))
    refused(LedgerCode.BAD_FIELD, "of 'city' is not one", entry, (inner.text, ("maker",)))
    assert keep(entry, (outer.text, ("maker",))) == 1
    assert keep(entry, (inner.text, ("maker",))) == 1
    assert disclosed_facts(index=entry.index, party="maker").details == {"plant": {"country": "BE", "city": "Ghent"}}


def test_an_entry_that_hides_nothing_has_nothing_to_disclose(
    lease: tuple[PostedEntry, Disclosure, Disclosure],
) -> None:
    grade = lease[1]
    plain = append(receive(1))
    assert disclosed_facts(index=plain.index, party="lessor").hidden is False
    refused(LedgerCode.BAD_FIELD, "is not one of this entry", plain, (grade.text, ("lessor",)))


@pytest.mark.parametrize(
    "details",
    [{"_sd": ["short"], "_sd_alg": "sha-256"}, {"_sd": [disclosures.digest_of("x")]}, {"_sd_alg": "md5"}],
    ids=["no-digest", "no-algorithm", "another-algorithm"],
)
def test_an_entry_whose_digests_have_another_form_is_not_posted(own_database: str, details: dict[str, Any]) -> None:
    open_world()
    append(receive(5_000))
    with pytest.raises(LedgerError) as refusal:
        append(hiding(details))
    assert refusal.value.code is LedgerCode.BAD_FIELD
