"""A settlement from one document, and the example documents that the manual points to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.core.compute import compute
from contracts.core.errors import SettlementError, TermsError
from contracts.core.trace import check, node_from_json

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples").glob("*.json"))


def document(name: str = "material-lease") -> dict:
    return json.loads(next(p for p in EXAMPLES if p.stem == name).read_text())


def test_there_is_an_example_of_each_kind() -> None:
    assert {json.loads(p.read_text())["kind"] for p in EXAMPLES} == {
        "material-lease",
        "offtake",
        "performance-warranty",
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_compute_twice_to_the_same_and_to_what_they_say(path: Path) -> None:
    given = json.loads(path.read_text())
    one, again = compute(given), compute(given)
    assert one == again
    statement = one["statement"]
    check([node_from_json(n) for n in statement["trace"]])
    assert given["note"].endswith(f"total {statement['total']} {statement['currency']}.")
    json.dumps(one)


def test_unknown_kind() -> None:
    with pytest.raises(SettlementError, match="use one of material-lease"):
        compute(document() | {"kind": "loan"})


@pytest.mark.parametrize("name", ["kind", "contract", "facts", "period", "known_at", "terms"])
def test_what_is_missing_is_named(name: str) -> None:
    given = document()
    del given[name]
    with pytest.raises(SettlementError, match=f"lacks {name}"):
        compute(given)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "nothing reads"),
        ({"facts": {}}, "lists"),
        ({"facts": [{"id": "x"}]}, "The fact x cannot be read"),
        ({"facts": ["x"]}, "cannot be read"),
        ({"known_at": "2024-01-01T00:00:00"}, "has no zone"),
        ({"period": "2024"}, "is not a period"),
        ({"period": "2024-02-01..2024-01-01"}, "ends before it starts"),
        ({"versions": [{"number": 1}]}, "version cannot be read"),
    ],
)
def test_a_document_that_cannot_be_read_says_why(change: dict, says: str) -> None:
    with pytest.raises(SettlementError, match=says):
        compute(document() | change)


def test_a_figure_given_as_a_float_is_refused() -> None:
    given = document()
    given["facts"][0]["value"]["value"] = 16103.75
    with pytest.raises(SettlementError, match="write figures in quotes"):
        compute(given)


def test_bad_terms_are_all_told() -> None:
    given = document()
    given["terms"] |= {"rate_pct": "x", "maturity": "y"}
    with pytest.raises(TermsError) as caught:
        compute(given)
    assert len(caught.value.problems) == 2


def test_versions_replace_the_terms() -> None:
    given = document()
    terms = given.pop("terms")
    given["versions"] = [
        {"number": 1, "effective_from": "2023-01-01", "recorded": "2023-01-01T00:00:00Z", "terms": terms}
    ]
    assert compute(given)["statement"]["total"] == compute(document())["statement"]["total"]
