"""A settlement from one document, without a database: terms, facts and a period in, a statement with its trace out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import fact_from_json, parse_utc
from contracts.core.kind import Kind, TermsVersion
from contracts.core.period import Period, parse_period
from contracts.core.schema import parse
from contracts.core.terms import KINDS
from contracts.core.trace_sources import check_sources

_KNOWN = {"kind", "contract", "parties", "terms", "versions", "facts", "period", "known_at", "subject", "stage", "note"}


def kind_of(code: str) -> Kind:
    """Return a kind by its code; raises `unknown-kind`."""
    if code not in KINDS:
        raise SettlementError(
            SettlementCode.UNKNOWN_KIND,
            f"{code!r} is not a kind of contract; use one of {', '.join(KINDS)}.",
            subject=code,
        )
    return KINDS[code]


def compute(document: Mapping[str, Any]) -> dict[str, Any]:
    """Settle a document `{kind, contract, parties, terms, facts, period, known_at}` and return the statement.

    `terms` may be replaced by `versions`: a list of `{number, effective_from, recorded, terms}`. Optional `subject` and
    `stage` choose a lot and `provisional` or `final`. The answer holds `statement`, its `sha256`, and the parties as
    they were given. Raises TermsError for bad terms and SettlementError for everything else.
    """
    _check_shape(document)
    kind = kind_of(str(document["kind"]))
    versions = tuple(_version(kind, v) for v in _sequence(document.get("versions", [])))
    terms = parse(kind.schema, document["terms"]) if "terms" in document else versions[-1].terms
    facts = tuple(fact_from_json(f) for f in _sequence(document["facts"]))
    settlement = kind.settle(
        terms,
        facts,
        _period(document["period"]),
        _moment(document["known_at"]),
        contract_ref=str(document["contract"]),
        subject=str(document.get("subject", "")),
        stage=str(document.get("stage", "")),
        versions=versions,
    )
    settlement.verify()
    check_sources(settlement.trace, facts, {v.number: v.terms for v in versions} or {1: terms})
    parties = {str(role): name for role, name in dict(document.get("parties", {})).items()}
    return {"statement": settlement.to_json(), "sha256": settlement.sha256(), "parties": parties}


def _check_shape(document: Mapping[str, Any]) -> None:
    if not isinstance(document, Mapping):
        raise _bad("The document is not a set of named values; see docs/terms for its shape.")
    missing = [name for name in ("kind", "contract", "facts", "period", "known_at") if name not in document]
    if missing or not ({"terms", "versions"} & set(document)):
        raise _bad(f"The document lacks {', '.join(missing) or 'terms'}; see docs/terms for its shape.")
    unknown = sorted(set(document) - _KNOWN)
    if unknown:
        raise _bad(f"The document has {', '.join(unknown)}, which nothing reads; remove or rename.")


def _bad(message: str) -> SettlementError:
    return SettlementError(SettlementCode.BAD_DOCUMENT, message)


def _sequence(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _bad("Facts and versions are lists; see docs/terms for their shape.")
    return value


def _period(value: object) -> Period:
    if isinstance(value, Mapping):
        return parse_period(f"{value.get('start')}..{value.get('end')}")
    return parse_period(str(value))


def _moment(value: object) -> Any:
    try:
        return parse_utc(str(value))
    except ValueError as error:
        raise _bad(f"known_at cannot be read: {error}.") from None


def _version(kind: Kind, data: Mapping[str, Any]) -> TermsVersion:
    try:
        return TermsVersion(
            number=int(data["number"]),
            effective_from=date.fromisoformat(data["effective_from"]),
            recorded=parse_utc(data["recorded"]),
            terms=parse(kind.schema, data["terms"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(
            f"A version cannot be read: {error!r}; it needs number, effective_from, recorded and terms."
        ) from None
