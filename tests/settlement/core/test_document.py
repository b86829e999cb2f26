"""What is still to be paid, and by whom."""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.core.period import Period
from contracts.core.statement import Line, LineStatus, Settlement
from lode.settlement.core.document import Issued, VersionUsed, compose

PARTIES = {"lessor": "meridian", "lessee": "voltaic"}


def line(component, amount, currency="USD"):
    return Line(
        component, "fee", "fee", "租赁费", Decimal(1), "kg", None, "", Decimal(amount), currency, "lessee", "lessor",
        LineStatus.FINAL, "node", component,
    )  # fmt: skip


def settlement(*lines):
    return Settlement(
        kind="material-lease",
        contract_ref="ML-1",
        period=Period(date(2024, 1, 1), date(2024, 2, 1)),
        known_at=datetime(2024, 2, 3, tzinfo=UTC),
        currency="USD",
        opening={},
        closing={},
        lines=lines,
        trace=(),
        total=sum((one.amount for one in lines if one.currency == "USD"), Decimal(0)),
        status=LineStatus.FINAL,
        issuer_role="lessor",
    )


def composed(settled, *issued, number=1):
    return compose(
        ref="ST-1",
        number=number,
        parties=PARTIES,
        versions=[VersionUsed(1, "ab", date(2024, 1, 1))],
        settlement=settled,
        issued=issued,
        due_date=date(2024, 3, 2),
    )


def said(document):
    return json.loads(document.body)


def test_the_first_statement_bills_all_of_it():
    document = composed(settlement(line("Ni", "10.00"), line("Co", "2.50")))
    assert (document.total, document.already_issued, document.amount_due) == tuple(
        map(Decimal, ("12.50", "0.00", "12.50"))
    )
    assert (document.payer, document.payee) == ("voltaic", "meridian")
    assert document.digest == hashlib.sha256(document.body).hexdigest()


def test_nothing_to_pay_is_written_in_full():
    document = composed(settlement())
    assert [str(figure) for figure in (document.total, document.already_issued, document.amount_due)] == ["0.00"] * 3


def test_a_revision_gives_back_a_component_that_has_gone():
    before = Issued("ST-0", Decimal("12.50"), {"Ni": Decimal("10.00"), "Co": Decimal("2.50")})
    document = composed(settlement(line("Ni", "11.00")), before, number=2)
    assert said(document)["due"] == {"Co": "-2.50", "Ni": "1.00"}
    assert document.amount_due == Decimal("-1.50")
    assert (document.payer, document.payee) == ("meridian", "voltaic")


def test_a_fee_in_metal_is_no_money():
    before = Issued("ST-0", Decimal("10.00"), {"Ni": Decimal("10.00"), "fee": Decimal("1.234")})
    document = composed(settlement(line("Ni", "11.00"), line("fee", "1.300", "Ni")), before, number=2)
    assert (document.already_issued, document.amount_due) == (Decimal("10.00"), Decimal("1.00"))
    assert said(document)["due"] == {"Ni": "1.00", "fee": "0.066"}


cents = st.integers(-(10**9), 10**9).map(lambda number: Decimal(number).scaleb(-2))


@given(st.lists(cents, min_size=1, max_size=6))
def test_a_chain_of_revisions_bills_what_the_last_of_them_comes_to(totals):
    issued = []
    for number, total in enumerate(totals, 1):
        document = composed(settlement(line("Ni", total)), *issued, number=number)
        issued.append(Issued(f"ST-{number}", document.amount_due, {"Ni": Decimal(said(document)["due"]["Ni"])}))
    assert sum(earlier.amount_due for earlier in issued) == totals[-1]


def test_the_same_gives_the_same_bytes():
    settled = settlement(line("Ni", "10.00"))
    assert composed(settled).body == composed(settled).body
