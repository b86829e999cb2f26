"""Balances and adjustments where a side keeps its signing key itself: nobody signs for it, and nothing is lost."""

from __future__ import annotations

import pytest

from ledger.core.note import SignerKey
from ledger.selectors.entries import entry_by_id
from ledger.services.sequence_pending import sequence_pending
from lode.parties import services as parties
from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.services import post_adjustment, sign_period
from tests.parties.keys_world import keep_own_key
from tests.reconciliation import world
from tests.reconciliation.test_deciding import settle_all
from tests.reconciliation.world import NOW, RINGCYCLE, TERRA


def sign(period: int, actor: Actor, key: SignerKey | None = None) -> str:
    page = world.page(period)
    given = str(key.sign(page.signing_text)) if key else ""
    return sign_period(period_id=period, digest=page.digest, actor=actor, now=NOW, given=given)


def adjust(period: int, keys: dict[str, str], actor: Actor, key: SignerKey | None = None) -> int:
    waiting = world.page(period).adjustments
    given = str(key.sign(waiting[-1].entry_text)) if key else ""
    return post_adjustment(period_id=period, **keys, reason="weighed again", actor=actor, now=NOW, given=given)


def refusal(call, *arguments) -> str:
    with pytest.raises(ReconciliationError) as caught:
        call(*arguments)
    assert caught.value.code is Code.LEDGER_REFUSED
    return caught.value.text.en


def custody_of(entry_id: str) -> list[tuple[str, str]]:
    sequence_pending()
    signatures = entry_by_id(entry_id=entry_id, party="terra").summary.signatures
    return sorted((line.party, line.custody) for line in signatures)


class TestBalances:
    @pytest.mark.parametrize("first", [TERRA, RINGCYCLE])
    def test_whoever_signs_first_the_balance_stands_under_both(self, period, first):
        settle_all(period)
        keys = {"terra": keep_own_key("terra")}
        second = RINGCYCLE if first is TERRA else TERRA
        assert sign(period, first, keys.get(first.organisation)) == ""
        entry_id = sign(period, second, keys.get(second.organisation))
        assert custody_of(entry_id) == [("ringcycle", "hosted"), ("terra", "held")]
        assert world.page(period).summary.state == "closed"

    def test_nobody_signs_for_a_side_that_keeps_its_key(self, period):
        settle_all(period)
        keep_own_key("terra")
        assert "terra keeps its signing key itself" in refusal(sign, period, TERRA)
        assert world.page(period).signatures == ()

    def test_another_texts_or_another_partys_line_signs_nothing(self, period):
        settle_all(period)
        keep_own_key("terra")
        theirs = keep_own_key("ringcycle", seed=8)
        assert "Nothing was signed" in refusal(sign, period, TERRA, theirs)
        assert world.page(period).signatures == ()

    def test_a_signature_of_a_key_revoked_since_is_given_again(self, period):
        settle_all(period)
        key = keep_own_key("terra")
        sign(period, TERRA, key)
        manager = Actor("terra", "commercial", 1, manages_keys=True)
        change = {"actor": manager, "vkey": str(key.vkey), "reason": "lost", "now": NOW}
        challenge = parties.begin_key_revocation(**change)
        parties.finish_key_change(actor=manager, challenge=challenge, lines={}, now=NOW)
        sequence_pending()
        # Lode signs for Terra again, when Terra asks: the line of the lost key is not taken for it.
        assert [line.current for line in world.page(period).signatures] == [True]
        assert custody_of(sign(period, RINGCYCLE)) == [("ringcycle", "hosted"), ("terra", "hosted")]


class TestAdjustments:
    def test_the_proposer_signs_before_the_other_side_can_agree(self, period):
        ours, keys = keep_own_key("terra"), world.keys(period, "DN-88260")
        number = adjust(period, keys, TERRA)
        assert [item.proposer_signed for item in world.page(period).adjustments] == [False]
        assert "terra keeps its signing key itself" in refusal(adjust, period, keys, RINGCYCLE)
        assert adjust(period, keys, TERRA, ours) == number
        assert [item.proposer_signed for item in world.page(period).adjustments] == [True]
        assert adjust(period, keys, RINGCYCLE) == number
        (posted,) = world.page(period).adjustments
        assert custody_of(posted.entry_id) == [("ringcycle", "hosted"), ("terra", "held")]

    def test_the_other_side_agrees_with_its_own_key(self, period):
        keys, theirs = world.keys(period, "DN-88260"), keep_own_key("ringcycle")
        adjust(period, keys, TERRA)
        assert "ringcycle keeps its signing key itself" in refusal(adjust, period, keys, RINGCYCLE)
        adjust(period, keys, RINGCYCLE, theirs)
        (posted,) = world.page(period).adjustments
        assert custody_of(posted.entry_id) == [("ringcycle", "held"), ("terra", "hosted")]
