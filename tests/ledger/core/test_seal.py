"""Seals: what is written is RFC 8785, and the fast way of reading takes exactly what the careful way takes."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ledger.core import seal as seals
from ledger.core.canonical_json import dumps
from ledger.core.entry import Account, State
from ledger.core.errors import LedgerError
from ledger.core.seal import Seal, SealLine

NAMES = st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True)
ACCOUNTS = st.builds(
    Account, NAMES, NAMES, st.sampled_from(["Li", "Ni", "C-nat"]), st.sampled_from([s.value for s in State]), NAMES
)
MASSES = st.integers(-(10**18), 10**18)


@st.composite
def sealed(draw: st.DrawFn) -> Seal:
    lines = []
    for account in sorted(draw(st.sets(ACCOUNTS, max_size=4))):
        seq = draw(st.integers(0, 10**6))
        prev = draw(st.binary(min_size=32, max_size=32)).hex() if seq else None
        lines.append(SealLine(account, seq, prev, draw(MASSES)))
    return Seal(draw(st.integers(0, 10**9)), "2025-03-01T08:00:00Z", tuple(lines))


@given(sealed())
def test_a_seal_is_written_as_rfc_8785_and_read_as_it_was_meant(seal):
    lines = [
        {**line.account._asdict(), "seq": line.seq, "prev": line.prev, "balance_mg": str(line.balance_mg)}
        for line in seal.accounts
    ]
    data = seals.HEADER + dumps({"index": seal.index, "time": seal.time, "accounts": lines}) + b"\n"
    assert seals.encode(seal) == data
    assert seals.decode(data) == seal


def read(way: Callable[[bytes], Seal | None], data: bytes) -> Seal | None:
    try:
        return way(data)
    except LedgerError:
        return None


@given(sealed(), st.data())
def test_whatever_is_changed_in_a_seal_both_ways_of_reading_agree(seal, data):
    text = bytearray(seals.encode(seal))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"0", b"-", b'"', b",", b" ", b"a", b"}", b"\n", b"\xff"])
        )
    fast = read(seals._decode_plain, bytes(text))
    assert fast is None or fast == read(seals._decode_any, bytes(text))
