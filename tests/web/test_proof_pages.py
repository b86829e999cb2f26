"""Proofs on the pages: what everybody may see of a close, what a reader takes away, and facts that an entry hides."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from pytest_django import Settings

from ledger.core import balance_proof, disclosures
from ledger.core.conservation_proof import check_opening, decode
from ledger.core.entry import Account, Entry, move, net_legs
from ledger.selectors.balances import balances
from ledger.selectors.conservation import ConservationNotice
from ledger.selectors.entries import submission
from ledger.selectors.trust import trust, trust_root
from ledger.selectors.values import BalanceRow
from ledger.services.conservation import publish_conservation
from ledger.services.keep_disclosures import Disclosed, keep_disclosures
from ledger.services.sequence_pending import sequence_pending
from lode.parties.actor import Actor
from lode.parties.models import Person
from lode.parties.services import post_entry
from tests.support.demo_world import World

NOW = dt.datetime(2025, 11, 1, 6, tzinfo=dt.UTC)


def _account(row: BalanceRow) -> Account:
    return Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot))


def signed_in(world: World, organisation: str) -> Client:
    client = Client()
    client.force_login(Person.objects.filter(organisation=organisation).order_by("username")[0])
    return client


@pytest.fixture
def notice(demo: World) -> ConservationNotice:
    return publish_conservation(now=NOW)


def test_a_close_stands_on_the_page_that_everybody_reads(demo: World, notice: ConservationNotice) -> None:
    page = Client().get("/verify/").content.decode()
    assert "Totals that were committed to" in page
    assert f'href="/ledger/{notice.index}/"' in page
    assert f"conservation-{notice.index}.json" not in page
    mine = signed_in(demo, "borealis").get("/verify/").content.decode()
    assert f"/ledger/conservation-{notice.index}.json" in mine


def test_a_reader_takes_away_the_proof_of_its_own_balances(demo: World, notice: ConservationNotice) -> None:
    answer = signed_in(demo, "borealis").get(f"/ledger/conservation-{notice.index}.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer["Content-Disposition"] == f'attachment; filename="conservation-{notice.index}.json"'
    proven = check_opening(decode(answer.content), notice.commitments)
    stands = {_account(row): row.mass_mg for row in balances(party="borealis", known_at=notice.tree_size)}
    assert {account: mass for account, mass in proven.items() if mass} == stands
    assert Client().get(f"/ledger/conservation-{notice.index}.json").status_code == 302
    assert signed_in(demo, "borealis").get("/ledger/conservation-0.json").status_code == 404


def test_the_proof_of_a_balance_is_one_click_from_the_account(demo: World, notice: ConservationNotice) -> None:
    account = _account(next(row for row in balances(party="borealis", owner="borealis", state="stock")))
    client = signed_in(demo, "borealis")
    path = f"/accounts/{'/'.join(account)}/proof.json"
    assert f'href="{path}"' in client.get(f"/accounts/{'/'.join(account)}/").content.decode()
    report = balance_proof.verify(balance_proof.decode(client.get(path).content), trust().policy, trust().registry)
    assert (report.account, report.conserved_index) == (account, notice.index)
    assert client.get(path.replace(account.lot, "no-such-lot")).status_code == 404


def test_a_hidden_fact_is_read_by_whom_it_was_disclosed_to(demo: World, settings: Settings) -> None:
    settings.LODE_KEY_ENCRYPTION_KEY = (demo.var / "secrets" / "lode_key_encryption_key").read_text().strip()
    details, (price,) = disclosures.hide({"price": "17200", "batch": "B-7"}, ["price"], ["a-salt-that-nobody-guesses"])
    account = Account("borealis", "borealis", "Ni", "stock", "hidden-1")
    entry = Entry(
        kind="receive",
        book=trust_root().origin,
        nonce="hidden-1",
        occurred="2025-10-30",
        legs=net_legs(move(account._replace(state="source"), account, 1)),
        parties=("kunwu",),
        reference="assay 1",
        details=details,
    )
    actor = Actor(organisation="borealis", role="commercial")
    posted = post_entry(entry=entry, signers=["borealis"], actor=actor, now=NOW)
    sequence_pending()
    index = submission(entry_id=posted.entry_id, party=None).index
    keep_disclosures(
        entry_id=posted.entry_id, disclosed=[Disclosed(price.text, ("borealis",))], party="borealis", now=NOW
    )
    own, other = (signed_in(demo, name).get(f"/ledger/{index}/").content.decode() for name in ("borealis", "kunwu"))
    for page in (own, other):
        assert "B-7" in page
        assert "only those see to whom they were disclosed" in page
        assert "<code>_sd</code>" not in page
    assert ("17200" in own, "hidden in the entry, and disclosed to you" in own) == (True, True)
    assert "17200" not in other
