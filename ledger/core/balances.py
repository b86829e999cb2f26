"""The file `balances.json` of an export: the declared balance of every account at a tree size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ledger.core.canonical_json import dumps, loads_canonical
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError

MAX_BYTES = 1 << 30
_MASS = re.compile(r"-?[1-9][0-9]{0,18}")
_LINE = {*Account._fields, "balance_mg"}


def encode(origin: str, size: int, balances: Mapping[Account, int]) -> bytes:
    """Return one line of RFC 8785 JSON: origin, size and the accounts that are not at zero, sorted."""
    lines = [{**a._asdict(), "balance_mg": str(mass)} for a, mass in sorted(balances.items()) if mass]
    return dumps({"origin": origin, "size": size, "accounts": lines}) + b"\n"


def decode(data: bytes) -> tuple[str, int, dict[Account, int]]:
    """Read (origin, size, balances in mg); raises `bad-balance` or `not-canonical`."""
    if not data.endswith(b"\n"):
        raise LedgerError(LedgerCode.BAD_BALANCE, "balances.json does not end in a newline.")
    value: Any = loads_canonical(data[:-1], max_bytes=MAX_BYTES)
    if not isinstance(value, dict) or set(value) != {"origin", "size", "accounts"}:
        raise LedgerError(LedgerCode.BAD_BALANCE, "balances.json does not have exactly origin, size and accounts.")
    if not isinstance(value["accounts"], list) or not isinstance(value["size"], int):
        raise LedgerError(LedgerCode.BAD_BALANCE, "balances.json does not hold a size and a list of accounts.")
    balances = dict(_line(line) for line in value["accounts"])
    if list(balances) != sorted(balances) or len(balances) != len(value["accounts"]):
        raise LedgerError(LedgerCode.BAD_BALANCE, "The accounts in balances.json are not sorted, each once.")
    return str(value["origin"]), value["size"], balances


def _line(line: Any) -> tuple[Account, int]:
    sound = isinstance(line, dict) and set(line) == _LINE and all(isinstance(item, str) for item in line.values())
    if not sound or not _MASS.fullmatch(line["balance_mg"]):
        raise LedgerError(LedgerCode.BAD_BALANCE, "A line of balances.json is not an account and its balance.")
    return Account(*(line[name] for name in Account._fields)), int(line["balance_mg"])
