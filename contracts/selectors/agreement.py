"""From terms to what is agreed: checked terms, rendered text, digests, and the text that is signed. Keeps no row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from contracts.core.compute import kind_of
from contracts.core.errors import Problem, ProblemCode, TermsError
from contracts.core.kind import Kind
from contracts.core.numbers import text_of
from contracts.core.period import add_months
from contracts.core.schema import check_terms, dump, parse
from contracts.core.terms import KINDS
from contracts.core.text import Clause, render, text_sha256
from contracts.errors import ContractCode, ContractError
from contracts.selectors.demo_terms import template_terms
from ledger.core.canonical_json import dumps
from lode.parties.errors import PartiesError
from lode.parties.selectors import get_party

SIGNING_HEADER = b"lode/contract/v1\n"
REF_PREFIXES: Mapping[str, str] = MappingProxyType(
    {"material-lease": "ML", "performance-warranty": "PW", "offtake": "OT"}
)
FIRST_DAY_TERMS = ("commencement", "start")
# A draft may be incomplete or not add up yet; it may not hold what no later edit of it could mean.
_NEVER_KEPT = frozenset({ProblemCode.UNKNOWN_FIELD, ProblemCode.FLOAT, ProblemCode.WRONG_TYPE})


@dataclass(frozen=True)
class VersionFields:
    """What a version is made of: RFC 8785 JSON of its terms and of its text in both languages, and SHA-256s in hex.

    `digest` is the SHA-256 of the version's document, which names the terms, the text's hash, the parties and the days.
    """

    terms: str
    text: str
    terms_sha256: str
    text_sha256: str
    digest: str
    effective_from: date


def kinds() -> tuple[Kind, ...]:
    """Return the kinds of contract, in the order in which people choose among them."""
    return tuple(KINDS.values())


def ref_prefix(kind: str) -> str:
    """Return the letters that references of the kind begin with: ML for a material lease."""
    return REF_PREFIXES.get(kind, kind[:2].upper())


def role_is_first(*, kind: str, role: str | None) -> bool:
    """Say whether a role is the kind's first (None is); raises ContractError `unknown-party` for a role it has not."""
    roles = kind_of(kind).party_roles
    if role is not None and role not in roles:
        raise ContractError(
            ContractCode.UNKNOWN_PARTY, f"A {kind} has no {role}: its parties are the {roles[0]} and the {roles[1]}."
        )
    return role is None or role == roles[0]


def terms_of(text: str) -> dict[str, Any]:
    """Read the terms of a version."""
    terms: dict[str, Any] = json.loads(text)
    return terms


def clauses_of(text: str) -> tuple[Clause, ...]:
    """Read the clauses of a version as they were rendered, whatever the templates have become since."""
    return tuple(Clause(**{**row, "terms": tuple(row["terms"])}) for row in json.loads(text))


def plain(value: Any) -> Any:
    """Return terms as JSON has them: numbers and dates as texts, no tuples; the rest is the schema's to refuse."""
    if isinstance(value, Mapping):
        return {str(name): plain(member) for name, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, Decimal):
        return text_of(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def draft_terms(*, kind: str, terms: Mapping[str, Any], template: bool = True) -> dict[str, Any]:
    """Return terms as a draft keeps them, laid over the kind's example terms where `template` says so.

    Complete terms come back in their canonical form; incomplete ones as they were typed; None leaves a term out. Raises
    TermsError for a name that the kind has not, a floating-point number, or a value of another shape; SettlementError
    `unknown-kind`.
    """
    merged: dict[str, Any] = plain({**(template_terms(kind) if template else {}), **terms})
    built, problems = check_terms(kind_of(kind).schema, merged)
    refused = tuple(problem for problem in problems if problem.code in _NEVER_KEPT)
    if refused := refused or tuple(_unprintable(merged)):
        raise TermsError(refused)
    return dump(built) if built is not None else merged


def _unprintable(value: Any, path: str = "") -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _unprintable(member, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _unprintable(member, f"{path}.{number}")
    elif isinstance(value, str) and not value.isprintable():
        text_en, text_zh = "A text holds a control character; type it again.", "文本含有控制字符，请重新输入。"
        yield Problem(path, ProblemCode.WRONG_TYPE, text_en, text_zh)


def demo_terms(kind: str) -> dict[str, Any]:
    """Return the example terms of a kind, complete, valid and canonical; raises SettlementError `unknown-kind`."""
    return draft_terms(kind=kind, terms={})


def problems_of(*, kind: str, terms: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return everything that keeps the terms from being proposed; empty where nothing does."""
    return check_terms(kind_of(kind).schema, plain(terms))[1]


def party_texts(*, kind: str, parties: tuple[str, str]) -> dict[str, dict[str, str]]:
    """Return the names of the two parties by role and language, as the text of the contract calls them."""
    return {role: _names(party) for role, party in zip(kind_of(kind).party_roles, parties, strict=True)}


def rendered(*, kind: str, terms: Any, parties: tuple[str, str]) -> tuple[Clause, ...]:
    """Return the clauses of parsed terms for two parties, identifiers in the order of the kind's roles."""
    return render(kind, terms, party_texts(kind=kind, parties=parties))


def version_fields(
    *,
    ref: str,
    kind: str,
    number: int,
    parties: tuple[str, str],
    terms: Mapping[str, Any],
    effective_from: date | None,
    supersedes: tuple[int, str] | None,
) -> VersionFields:
    """Check the terms, render the text of both languages, and hash it all.

    `parties` are identifiers in the order of the kind's roles; `effective_from` is the terms' own first day where None;
    `supersedes` is the number and digest of the version in force. Raises TermsError with everything that is wrong.
    """
    parsed = parse(kind_of(kind).schema, plain(terms))
    clauses = rendered(kind=kind, terms=parsed, parties=parties)
    kept = dump(parsed)
    starts_on = effective_from or first_day(kept)
    text_hash = text_sha256(clauses)
    document = version_document(
        ref=ref,
        kind=kind,
        number=number,
        parties=parties,
        terms=kept,
        text_hash=text_hash,
        effective_from=starts_on,
        supersedes=supersedes,
    )
    return VersionFields(
        terms=dumps(kept).decode(),
        text=dumps([asdict(clause) for clause in clauses]).decode(),
        terms_sha256=sha256_of(dumps(kept)),
        text_sha256=text_hash,
        digest=sha256_of(document),
        effective_from=starts_on,
    )


def version_document(
    *,
    ref: str,
    kind: str,
    number: int,
    parties: tuple[str, str],
    terms: Mapping[str, Any],
    text_hash: str,
    effective_from: date,
    supersedes: tuple[int, str] | None,
) -> bytes:
    """Return the RFC 8785 JSON whose SHA-256 is a version's digest: everything that the parties agree to."""
    document: dict[str, Any] = {
        "contract": ref,
        "effective_from": effective_from.isoformat(),
        "kind": kind,
        "parties": dict(zip(kind_of(kind).party_roles, parties, strict=True)),
        "terms": terms,
        "text_sha256": text_hash,
        "version": str(number),
    }
    if supersedes is not None:
        document["supersedes"] = {"version": str(supersedes[0]), "digest": supersedes[1]}
    return dumps(document)


def first_day(terms: Mapping[str, Any]) -> date:
    """Return the day on which complete terms say that the contract begins."""
    return date.fromisoformat(next(terms[name] for name in FIRST_DAY_TERMS if name in terms))


def last_day(terms: Mapping[str, Any]) -> date:
    """Return the day on which complete terms say that the contract ends at the latest; it is the first without it."""
    if "maturity" in terms:
        return date.fromisoformat(terms["maturity"])
    return add_months(first_day(terms), int(terms["end_age_months"]))


def signing_text(*, ref: str, number: int, digest: str, text_sha256: str) -> bytes:
    """Return what a party signs: `lode/contract/v1`, and one line of RFC 8785 JSON that names the version by digest.

    The first line is the domain separation: a signature under it is never a signature of a ledger entry.
    """
    named = {"contract": ref, "digest": digest, "text_sha256": text_sha256, "version": str(number)}
    return SIGNING_HEADER + dumps(named) + b"\n"


def _names(party: str) -> dict[str, str]:
    try:
        found = get_party(party)
    except PartiesError as error:
        raise ContractError(ContractCode.UNKNOWN_PARTY, error.sentence) from error
    return {"en": found.name_en, "zh": found.name_zh}


def sha256_of(data: bytes) -> str:
    """Return SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
