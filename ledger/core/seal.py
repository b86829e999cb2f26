"""The seal: what the operator adds when it puts an entry in order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.core.canonical_json import dumps, loads_canonical
from ledger.core.entry import Account, Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.posting import apply

HEADER = b"lode/seal/v1\n"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_ID = re.compile(r"[0-9a-f]{64}")
_BALANCE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_MEMBERS = {"accounts", "index", "time"}
_LINE_MEMBERS = {*Account._fields, "seq", "prev", "balance_mg"}
_MAX_BYTES = 400_000  # 400 legs under long names stay below this


@dataclass(frozen=True, slots=True)
class SealLine:
    """One account's place in its chain: `seq` counts its entries from 0, `prev` is the hex id of the one before."""

    account: Account
    seq: int
    prev: str | None
    balance_mg: int


@dataclass(frozen=True, slots=True)
class Head:
    """Where an account's chain stands: the `seq` and hex id of its last entry, and the balance in mg after it."""

    seq: int
    entry_id: str
    balance_mg: int


@dataclass(frozen=True, slots=True)
class Seal:
    """Leaf index, time received (UTC, YYYY-MM-DDTHH:MM:SSZ), and a line for each account touched, sorted by account."""

    index: int
    time: str
    accounts: tuple[SealLine, ...] = ()


def make_seal(entry: Entry, *, index: int, time: str, heads: Mapping[Account, Head]) -> Seal:
    """Return the seal of `entry` at leaf `index`, given the heads of the accounts that it touches (absent: never used).

    Raises `unbalanced` or `insufficient`.
    """
    before = {leg.account: heads[leg.account].balance_mg for leg in entry.legs if leg.account in heads}
    after = apply(before, entry)
    lines = []
    for account in sorted(after):
        head = heads.get(account)
        seq, prev = (0, None) if head is None else (head.seq + 1, head.entry_id)
        lines.append(SealLine(account, seq, prev, after[account]))
    return Seal(index, time, tuple(lines))


def heads_after(entry_id: bytes, seal: Seal) -> dict[Account, Head]:
    """Return the heads of the accounts that the sealed entry touched."""
    return {line.account: Head(line.seq, entry_id.hex(), line.balance_mg) for line in seal.accounts}


def encode(seal: Seal) -> bytes:
    """Return the seal's bytes: the header line and one line of RFC 8785 JSON. Raises `bad-seal`."""
    lines = [
        {**line.account._asdict(), "seq": line.seq, "prev": line.prev, "balance_mg": str(line.balance_mg)}
        for line in seal.accounts
    ]
    data = HEADER + dumps({"index": seal.index, "time": seal.time, "accounts": lines}) + b"\n"
    decode(data)
    return data


def decode(data: bytes) -> Seal:
    """Read a seal strictly; raises `bad-seal` or `not-canonical`."""
    body = data[len(HEADER) : -1]
    if not data.startswith(HEADER) or not data.endswith(b"\n") or b"\n" in body:
        raise LedgerError(LedgerCode.BAD_SEAL, "The seal is not `lode/seal/v1` and one line of JSON.")
    value = loads_canonical(body, max_bytes=_MAX_BYTES)
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise LedgerError(LedgerCode.BAD_SEAL, "The seal does not have exactly accounts, index and time.")
    lines = value["accounts"]
    if not isinstance(lines, list) or not _is_count(value["index"]):
        raise LedgerError(LedgerCode.BAD_SEAL, "The seal's accounts are not a list, or its index is not a number.")
    accounts = tuple(_line(line) for line in lines)
    names = [line.account for line in accounts]
    if names != sorted(set(names)):
        raise LedgerError(LedgerCode.BAD_SEAL, "The seal's accounts are not sorted, each once.")
    return Seal(int(str(value["index"])), check_time(value["time"]), accounts)


def check_time(value: object) -> str:
    """Return `value` if it is a UTC time YYYY-MM-DDTHH:MM:SSZ of the calendar; raises `bad-seal`."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return value
    raise LedgerError(LedgerCode.BAD_SEAL, f"{value!r} is not a UTC time of the form YYYY-MM-DDTHH:MM:SSZ.")


def _line(value: Any) -> SealLine:
    if not isinstance(value, dict) or value.keys() != _LINE_MEMBERS:
        raise LedgerError(LedgerCode.BAD_SEAL, f"A line of the seal does not have exactly {sorted(_LINE_MEMBERS)}.")
    seq, prev, balance = value["seq"], value["prev"], value["balance_mg"]
    if not all(isinstance(value[name], str) for name in (*Account._fields, "balance_mg")):
        raise LedgerError(LedgerCode.BAD_SEAL, "A line of the seal names no account.")
    known = prev is None or (isinstance(prev, str) and _ID.fullmatch(prev) is not None)
    if not _is_count(seq) or not known or (prev is None) != (seq == 0) or not _BALANCE.fullmatch(balance):
        raise LedgerError(LedgerCode.BAD_SEAL, "A line of the seal has no sound seq, prev and balance_mg.")
    return SealLine(Account(*(value[name] for name in Account._fields)), seq, prev, int(balance))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
