"""What terms mean before anybody agrees to them: text and worked example, from the engine that will settle."""

from datetime import date
from decimal import Decimal

import pytest

from contracts.core.errors import ProblemCode
from contracts.errors import ContractCode, ContractError
from contracts.selectors import Scenario, contract_detail, demo_terms, preview
from tests.contracts.world import KINDS, day, make_organisations, proposed

pytestmark = pytest.mark.django_db
PARTIES = ("meridian", "voltaic")
PRICES = {"nickel": Decimal(16000), "cobalt": Decimal(33000)}


@pytest.fixture(autouse=True)
def organisations(db):
    make_organisations()


def shown(kind, scenario=None, **terms):
    return preview(kind=kind, terms={**demo_terms(kind), **terms}, parties=PARTIES, scenario=scenario)


def test_a_lease_is_worked_through_its_first_three_months():
    found = shown("material-lease", Scenario(prices=PRICES, mass_kg=Decimal(10000)), min_fee=None)
    assert found.not_computed == ""
    # 10 t x 16,000 x 4 % x 28/360 and 10 t x 33,000 x 5 % x 28/360 in February, 31 and 30 days after it.
    assert [(s.period.start, s.total) for s in found.examples] == [
        (date(2023, 2, 1), Decimal("497.78") + Decimal("1283.33")),
        (date(2023, 3, 1), Decimal("551.11") + Decimal("1420.83")),
        (date(2023, 4, 1), Decimal("533.33") + Decimal("1375.00")),
    ]
    for settlement in found.examples:
        settlement.verify()


def test_a_lot_of_an_offtake_is_worked_provisionally_and_finally():
    provisional, final = shown("offtake", Scenario(prices=PRICES)).examples
    # 20 t at 8 % moisture are 18.4 t dry: Ni 18 % x 72 %, Co min(6 x 70 %, 6 - 0.5) %, 900 a tonne, freight 1,500.
    total = Decimal("38154.24") + Decimal("25502.40") - Decimal("16560.00") - Decimal("1500.00")
    assert (final.stage, final.total) == ("final", total)
    assert (provisional.stage, provisional.total) == ("provisional", Decimal("41036.98"))
    final.verify()


def test_a_warranty_is_worked_along_a_path_of_health():
    healthy = shown("performance-warranty").examples
    assert [settlement.total for settlement in healthy] == [0, 0, 0]
    falling = shown("performance-warranty", Scenario(health_loss_pct_per_year=Decimal(30))).examples
    # Third quarter: 1.3 kWh short for 31 days of August and 2.675 kWh for 30 of September, 40 a kWh and year of 365.
    assert [settlement.total for settlement in falling] == [0, Decimal("13.21"), Decimal("54.70")]


def test_an_example_without_a_price_says_what_is_missing():
    found = shown("material-lease", Scenario(prices={"nickel": Decimal(16000)}))
    assert found.examples == ()
    assert "cobalt" in found.not_computed


def test_problems_pause_the_preview():
    found = shown("material-lease", rate_pct="130")
    assert [(p.field, p.code) for p in found.problems] == [("rate_pct", ProblemCode.TOO_LARGE)]
    assert (found.clauses, found.text_sha256, found.examples) == ((), None, ())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_previewed_is_what_is_signed(kind):
    ref = proposed(kind)
    version = contract_detail(ref=ref, party="meridian", as_of=day(0)).versions[0]
    assert preview(kind=kind, terms=version.terms, parties=PARTIES).text_sha256 == version.text_sha256


def test_nobody_unknown_is_written_into_a_contract():
    with pytest.raises(ContractError) as error:
        preview(kind="offtake", terms=demo_terms("offtake"), parties=("meridian", "nobody"))
    assert error.value.code is ContractCode.UNKNOWN_PARTY
