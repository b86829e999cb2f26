"""The trust root: what an auditor is given, by somebody else than the operator, before it verifies anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings

from ledger.core.audit import Trust
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import VerifierKey
from ledger.core.policy import NONE, Policy, parse
from ledger.sql import chain, reads
from ledger.sql.inbox import APP


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """The log's origin, the vkeys of log and registry, and the C2SP policy file."""

    origin: str
    log_vkey: str
    registry_vkey: str
    policy: bytes


def trust_root() -> TrustRoot:
    """Return the trust root of this ledger; raises `not-open` before it is opened, `bad-policy` as `witness_policy`.

    Its policy names the log's keys, the ML-DSA-44 one too where there is one, and the witnesses with the quorum.
    """
    log, registry = chain.root_key(APP, "log"), chain.root_key(APP)
    if log is None or registry is None:
        raise LedgerError(LedgerCode.NOT_OPEN, "The ledger is not open yet, so it has no keys: open it first.")
    return TrustRoot(settings.LEDGER_ORIGIN, log, registry, replace(witness_policy(), logs=_log_keys()).to_bytes())


def trust() -> Trust:
    """Return the trust root as the verifier takes it; witnesses' lines must hold, and none of them must be there."""
    root = trust_root()
    return Trust(replace(parse(root.policy), quorum=NONE), VerifierKey.parse(root.registry_vkey))


def witness_policy() -> Policy:
    """Return the witnesses, where they are asked, and the quorum, as the file of witnesses states them.

    It is a C2SP tlog-policy, whose `log` lines do not count here: LODE_WITNESSES, or `witnesses` beside the ledger's
    other files; without it there are no witnesses. Raises `bad-policy`, `bad-key`, `missing-file`.
    """
    path = Path(settings.LEDGER_WITNESSES or Path(settings.VAR_DIR) / "witnesses")
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        if settings.LEDGER_WITNESSES:
            raise LedgerError(LedgerCode.MISSING_FILE, f"The file of witnesses {path} is missing.") from None
        return Policy((), NONE)


def _log_keys() -> tuple[VerifierKey, ...]:
    where = reads.Where()
    where.add("k.purpose = 'log'")
    where.add("k.name = %(origin)s", origin=settings.LEDGER_ORIGIN)
    where.add("r.revoked_at_index IS NULL")
    return tuple(VerifierKey.parse(row[0]) for row in reads.keys(where))
