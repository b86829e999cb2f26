"""A statement is issued by a party that keeps its signing key itself."""

from datetime import date

import pytest

from ledger.selectors.entries import entry_by_id
from ledger.services.sequence_pending import sequence_pending
from lode.parties.errors import PartiesCode, PartiesError
from lode.settlement.selectors import statement_detail
from lode.settlement.services import approve_statement, issue_statement, settle_period
from tests.parties.keys_world import keep_own_key
from tests.settlement.world import APPROVER, PREPARER, at


def test_it_is_signed_by_its_issuer_or_waits(world):
    span = {"start": date(2024, 1, 1), "end": date(2024, 2, 1)}
    (outcome,) = settle_period(contract_ref=world.ref, **span, actor=PREPARER, now=at(2, 3))
    ref = outcome.statement
    assert statement_detail(ref=ref, party="meridian").signing_text == b""
    approve_statement(ref=ref, actor=APPROVER, now=at(2, 4))
    key = keep_own_key("meridian")
    text = statement_detail(ref=ref, party="meridian").signing_text
    for given, code in (("", PartiesCode.SIGNATURE_NEEDED), (str(key.sign(text + b"\n")), PartiesCode.BAD_SIGNATURE)):
        with pytest.raises(PartiesError) as refused:
            issue_statement(ref=ref, actor=APPROVER, now=at(2, 4), given=given)
        assert refused.value.code is code
        assert statement_detail(ref=ref, party="meridian").summary.status == "approved"
    entry_id = issue_statement(ref=ref, actor=APPROVER, now=at(2, 4), given=str(key.sign(text)))
    sequence_pending()
    (line,) = entry_by_id(entry_id=entry_id, party="voltaic").summary.signatures
    assert (line.party, line.custody) == ("meridian", "held")
    assert statement_detail(ref=ref, party="meridian").signing_text == b""
