"""The trust root: what an auditor is given, by somebody else than the operator, before it verifies anything."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from ledger.core.audit import Trust
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import VerifierKey
from ledger.core.policy import NONE, Policy
from ledger.sql import chain
from ledger.sql.inbox import APP


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """The log's origin, the vkeys of log and registry, and the C2SP policy file."""

    origin: str
    log_vkey: str
    registry_vkey: str
    policy: bytes


def trust_root() -> TrustRoot:
    """Return the trust root of this ledger; raises `not-open` before it is opened."""
    log, registry = chain.root_key(APP, "log"), chain.root_key(APP)
    if log is None or registry is None:
        raise LedgerError(LedgerCode.NOT_OPEN, "The ledger is not open yet, so it has no keys: open it first.")
    policy = Policy((VerifierKey.parse(log),), NONE)
    return TrustRoot(settings.LEDGER_ORIGIN, log, registry, policy.to_bytes())


def trust() -> Trust:
    """Return the trust root as the verifier takes it."""
    root = trust_root()
    policy = Policy((VerifierKey.parse(root.log_vkey),), NONE)
    return Trust(policy, VerifierKey.parse(root.registry_vkey))
