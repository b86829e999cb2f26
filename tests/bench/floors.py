"""The floor of an audit: Ed25519 verification and nothing else, on every processor."""

from __future__ import annotations

import multiprocessing
import os
import time

from ledger.core.note import SignerKey, ed25519_verify

_TEXT = b"lode/entry/v1\n" + b"x" * 480 + b"\n"


def signature_rate(count: int) -> float:
    """Return signatures a second that all processors verify together, of texts as long as an entry's."""
    processors = os.cpu_count() or 1
    with multiprocessing.Pool(processors) as pool:
        pool.map(_verify, [10] * processors)
        began = time.perf_counter()
        pool.map(_verify, [count // processors] * processors, chunksize=1)
        return count / (time.perf_counter() - began)


def _verify(count: int) -> None:
    key = SignerKey("bench.example/entry/2024a", bytes(32))
    signature = key.sign_bytes(_TEXT)
    for _ in range(count):
        if not ed25519_verify(key.vkey.public_key, signature, _TEXT):
            raise RuntimeError("A sound signature was refused.")
