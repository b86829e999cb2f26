"""What makes two settlements the same: the key under which a statement is stored once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

from ledger.core import canonical_json


def idempotency_key(
    *,
    contract: str,
    kind: str,
    period: tuple[date, date],
    subject: str,
    purpose: str,
    terms_sha256: str,
    facts: Iterable[str],
    engine: str,
) -> str:
    """Return SHA-256, in hex, over all that decides a settlement's figures (terms, statement life).

    `facts` are `ID@VERSION`, in any order; when it was computed and who asked are not part of it.
    """
    return hashlib.sha256(
        canonical_json.dumps(
            {
                "contract": contract,
                "kind": kind,
                "start": period[0].isoformat(),
                "end": period[1].isoformat(),
                "subject": subject,
                "purpose": purpose,
                "terms": terms_sha256,
                "facts": sorted(set(facts)),
                "engine": engine,
            }
        )
    ).hexdigest()


def terms_digest(versions: Iterable[tuple[int, str]]) -> str:
    """Return one digest, in hex, for the versions (number, digest of the terms) that a settlement could draw on."""
    ordered = [[str(number), digest] for number, digest in sorted(versions)]
    return hashlib.sha256(canonical_json.dumps(ordered)).hexdigest()
