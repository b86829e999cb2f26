"""The seal: what the operator adds when it puts an entry in order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from ledger.core.canonical_json import loads_canonical
from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.posting import check_balanced, refuse_overdraft

HEADER = b"lode/seal/v1\n"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_ID = re.compile(r"[0-9a-f]{64}")
_BALANCE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_MEMBERS = {"accounts", "index", "time"}
_LINE_MEMBERS = {*Account._fields, "seq", "prev", "balance_mg"}
# A line as `encode` writes it: what stands in a seal needs no escapes.
_PLAIN = re.compile(
    r'\{"balance_mg":"(0|-?[1-9][0-9]{0,18})","element":"([A-Za-z-]+)","holder":"([a-z0-9-]+)","lot":"([a-z0-9-]+)",'
    r'"owner":"([a-z0-9-]+)","prev":(null|"[0-9a-f]{64}"),"seq":([0-9]{1,15}),"state":"([a-z]+)"\}'
)
_PLAIN_END = re.compile(r'\],"index":([0-9]{1,15}),"time":"([0-9TZ:-]{20})"\}\n$')
_MAX_BYTES = 400_000  # 400 legs under long names stay below this


# An account (`Account` is one) by the five parts of its name, and a line of a seal, as plain tuples.
AccountKey: TypeAlias = tuple[str, str, str, str, str]
Line: TypeAlias = tuple[AccountKey, int, str | None, int]


class SealLine(NamedTuple):
    """One account's place in its chain: `seq` counts its entries from 0, `prev` is the hex id of the one before."""

    account: Account
    seq: int
    prev: str | None
    balance_mg: int


class Head(NamedTuple):
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
    check_balanced(entry)
    lines = []
    for leg in sorted(entry.legs):
        account = leg.account
        head = heads.get(account)
        if head is None:
            line = SealLine(account, 0, None, leg.mass_mg)
        else:
            line = SealLine(account, head.seq + 1, head.entry_id, head.balance_mg + leg.mass_mg)
        if line.balance_mg < 0 and leg.state != State.SOURCE:
            refuse_overdraft(account, line.balance_mg - leg.mass_mg, -leg.mass_mg)
        lines.append(line)
    return Seal(index, time, tuple(lines))


def heads_after(entry_id: bytes, seal: Seal) -> dict[Account, Head]:
    """Return the heads of the accounts that the sealed entry touched."""
    text = entry_id.hex()
    return {line.account: Head(line.seq, text, line.balance_mg) for line in seal.accounts}


def encode(seal: Seal) -> bytes:
    """Return the seal's bytes: the header line and one line of RFC 8785 JSON."""
    return write(seal.index, seal.time, seal.accounts)


def write(index: int, time: str, lines: Iterable[Line]) -> bytes:
    """Return the bytes of the seal of those parts.

    What stands in a seal are identifiers, numbers and digests, none of which JSON escapes, so they are written as they
    are, with the names in canonical order.
    """
    text = ",".join(
        [
            f'{{"balance_mg":"{balance_mg}","element":"{element}","holder":"{holder}","lot":"{lot}","owner":"{owner}",'
            f'"prev":{_quoted(prev)},"seq":{seq},"state":"{state}"}}'
            for (owner, holder, element, state, lot), seq, prev, balance_mg in lines
        ]
    )
    return HEADER + f'{{"accounts":[{text}],"index":{index},"time":"{time}"}}\n'.encode("ascii")


def decode(data: bytes) -> Seal:
    """Read a seal strictly; raises `bad-seal` or `not-canonical`."""
    return _decode_plain(data) or _decode_any(data)


def _decode_plain(data: bytes) -> Seal | None:
    """Return the seal if it is what `encode` writes of the values found in it, else None: the common case, fast."""
    text = data.decode("latin-1")
    end = _PLAIN_END.search(text)
    if end is None or len(data) > _MAX_BYTES:
        return None
    lines = tuple(
        SealLine(
            Account(owner, holder, element, state, lot),
            int(seq),
            None if prev == "null" else prev[1:-1],
            int(balance_mg),
        )
        for balance_mg, element, holder, lot, owner, prev, seq, state in _PLAIN.findall(text)
    )
    if any((line.prev is None) != (line.seq == 0) for line in lines) or not _in_order(lines):
        return None
    seal = Seal(int(end[1]), check_time(end[2]), lines)
    return seal if encode(seal) == data else None


def _decode_any(data: bytes) -> Seal:
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
    if not _in_order(accounts):
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


def _in_order(lines: Sequence[SealLine]) -> bool:
    return all(before.account < after.account for before, after in pairwise(lines))


def _quoted(prev: str | None) -> str:
    return "null" if prev is None else f'"{prev}"'


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
