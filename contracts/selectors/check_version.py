"""Whether a version still is what was put forward and signed: everything about it recomputed."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.core.compute import kind_of
from contracts.core.schema import parse
from contracts.core.text import Clause
from contracts.errors import ContractCode, ContractError
from contracts.models import Contract, ContractVersion
from contracts.selectors.agreement import (
    clauses_of,
    rendered,
    sha256_of,
    signing_text,
    terms_of,
    version_document,
)
from contracts.selectors.list_contracts import visible_contract
from ledger.core.errors import LedgerError
from ledger.core.note import Note, SignatureLine, VerifierKey
from ledger.selectors.keys import keys


def check_version(*, ref: str, number: int, party: str | None) -> tuple[str, ...]:
    """Return what does not hold about a version, a sentence each; nothing where everything does.

    Recomputes the hashes of its terms and text, its digest, the signatures under the parties' registered keys, and the
    text from the terms: a clause that differs is named, be it that somebody changed it or that the template is another
    by now. Raises ContractError `unknown-contract`, `unknown-version`.
    """
    row = visible_contract(ref, party)
    version = row.versions.select_related("supersedes").filter(number=number).first()
    if version is None:
        raise ContractError(ContractCode.UNKNOWN_VERSION, f"{ref} has no version {number}: choose another.")
    return (*_hashes(row, version), *_signatures(row, version), *_text(row, version))


def _hashes(row: Contract, version: ContractVersion) -> Iterator[str]:
    if sha256_of(version.terms.encode()) != version.terms_sha256:
        yield f"The terms of {row.ref} version {version.number} are not those of the recorded hash."
    if sha256_of(version.text.encode()) != version.text_sha256:
        yield f"The text of {row.ref} version {version.number} is not that of the recorded hash."
    document = version_document(
        ref=row.ref,
        kind=row.kind,
        number=version.number,
        parties=(row.party_a, row.party_b),
        terms=terms_of(version.terms),
        text_hash=version.text_sha256,
        effective_from=version.effective_from,
        supersedes=(version.supersedes.number, version.supersedes.digest) if version.supersedes else None,
    )
    if sha256_of(document) != version.digest:
        yield f"The digest of {row.ref} version {version.number} is not that of its terms, parties, text and days."


def _signatures(row: Contract, version: ContractVersion) -> Iterator[str]:
    text = signing_text(ref=row.ref, number=version.number, digest=version.digest, text_sha256=version.text_sha256)
    for signature in version.signatures.all():
        registered = [VerifierKey.parse(key.vkey) for key in keys(party=signature.party)]
        try:
            Note(text, (SignatureLine.parse(signature.line),)).verify(registered)
        except LedgerError as error:
            yield f"The signature of {signature.party} on {row.ref} version {version.number} fails: {error.sentence}"


def _text(row: Contract, version: ContractVersion) -> Iterator[str]:
    parsed = parse(kind_of(row.kind).schema, terms_of(version.terms))
    fresh = {clause.id: clause for clause in rendered(kind=row.kind, terms=parsed, parties=(row.party_a, row.party_b))}
    for clause in clauses_of(version.text):
        said = fresh.pop(clause.id, None)
        if said is None or _sentences(said) != _sentences(clause):
            yield (
                f"Clause {clause.number} ({clause.title_en}) of {row.ref} version {version.number} is not what its "
                "template makes of its terms today."
            )
    for clause in fresh.values():
        yield f"Clause {clause.number} ({clause.title_en}) is missing from {row.ref} version {version.number}."


def _sentences(clause: Clause) -> tuple[str, ...]:
    return (clause.number, clause.title_en, clause.title_zh, clause.body_en, clause.body_zh)
