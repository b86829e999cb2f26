"""Compute a settlement, and compute a stored one again from what it was computed from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from contracts.core.facts import Fact
from contracts.core.period import Period
from contracts.core.statement import ENGINE_VERSION, Settlement
from ledger.core import canonical_json
from lode.settlement.core.planning import REGULAR
from lode.settlement.errors import UnknownStatementError
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors.carried import carried_facts
from lode.settlement.selectors.inputs import Inputs, gather


@dataclass(frozen=True)
class Recomputed:
    """A stored settlement and the same computed again: digests, in hex, of the canonical bytes of each."""

    ref: str
    stored_sha256: str
    recomputed_sha256: str
    stored_engine: str
    engine: str

    @property
    def same(self) -> bool:
        """Say whether the bytes are the same."""
        return self.stored_sha256 == self.recomputed_sha256


def settled(*, run: SettlementRun, inputs: Inputs, carried: Iterable[Fact], known_at: datetime) -> Settlement:
    """Return the run's settlement, its trace checked. Raises SettlementError (contracts) that names what is missing."""
    agreement = inputs.agreement
    settlement = agreement.kind.settle(
        agreement.terms_on(run.period_start),
        (*inputs.facts, *carried),
        Period(run.period_start, run.period_end),
        known_at,
        contract_ref=run.contract_ref,
        subject=run.subject,
        stage="" if run.purpose == REGULAR else run.purpose,
        versions=agreement.versions,
    )
    settlement.verify()
    return settlement


def recompute_statement(*, ref: str, party: str | None) -> Recomputed:
    """Compute a statement's settlement again, as known when it was made, and compare the bytes.

    Raises SettlementsError `unknown-statement` where there is none or it is a stranger's.
    """
    row, inputs, carried = _as_known_then(ref, party)
    again = settled(run=row.run, inputs=inputs, carried=carried, known_at=row.known_at)
    stored = canonical_json.dumps(json.loads(bytes(row.body))["settlement"])
    return Recomputed(ref, hashlib.sha256(stored).hexdigest(), again.sha256(), row.engine_version, ENGINE_VERSION)


def facts_used(*, ref: str, party: str | None) -> tuple[Fact, ...]:
    """Return the facts that a statement used, in the versions that it used: source, value, and when each was learned.

    Raises SettlementsError `unknown-statement` where there is none or it is a stranger's.
    """
    row, inputs, carried = _as_known_then(ref, party)
    used = frozenset(row.facts)
    return tuple(fact for fact in (*inputs.facts, *carried) if f"{fact.id}@{fact.version}" in used)


def _as_known_then(ref: str, party: str | None) -> tuple[Statement, Inputs, tuple[Fact, ...]]:
    row = Statement.objects.select_related("run").filter(ref=ref).first()
    if row is None or (party is not None and party not in row.parties):
        raise UnknownStatementError(ref)
    inputs = gather(ref=row.contract_ref, known_at=row.known_at, size=row.ledger_size)
    return row, inputs, carried_facts(row.run, known_at=row.known_at, as_used=frozenset(row.facts))
