"""Say by public entries which keys the operator's trust root names beside its first ones."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from ledger.core.note import VerifierKey
from ledger.selectors.keys import keys
from ledger.selectors.trust import witness_policy
from ledger.services import secret_keys
from ledger.services.register_key import register_key
from ledger.services.signer import log_vkeys

LOG = "log"
WITNESS = "witness"


def register_operator_keys(*, now: dt.datetime) -> tuple[str, ...]:
    """Hand in a public `key` entry for each witness and each key of the log that has none, in the caller's transaction.

    The party of a witness's key is its name in the file of witnesses, so that has to be an identifier. Returns the
    names. Raises as `register_key`, `witness_policy` and `log_vkeys` do.
    """
    known = {key.vkey for key in keys()}
    found: list[tuple[str, str, VerifierKey]] = [(LOG, LOG, key) for key in log_vkeys()]
    found += [(name, WITNESS, key) for name, key in witness_policy().witnesses.items()]
    missing = [item for item in found if str(item[2]) not in known]
    for party, purpose, vkey in missing:
        register_key(party=party, vkey=str(vkey), purpose=purpose, custody="held", now=now)
    return tuple(party for party, _, _ in missing)


def make_ml_dsa_log_key() -> None:
    """Make an ML-DSA-44 key for the log, which signs from the next checkpoint on; not where the signer is a process.

    It makes its own there (`lode signer init --ml-dsa`).
    """
    if not settings.LEDGER_SIGNER_SOCKET:
        secret_keys.make_ml_dsa()
