"""`lode signer`: the log's key in a process of its own. It needs no database, and asks for none."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from ledger.core.note import ML_DSA_44, CosignerKey, SignerKey
from ledger.services.head_memory import HeadMemory
from ledger.services.log_signer import LogSigner
from ledger.services.seeds import make_seed, read_seed
from ledger.services.signer_server import SignerServer
from lode.cli.explain import WRONG_USAGE
from lode.engine.places import DEFAULT_ORIGIN, var_folder


def init(options: argparse.Namespace) -> int:
    """Make the key and its memory where there is none, and print the public keys.

    A memory is made together with the key alone: a key without its memory may have signed anything.
    """
    key = _key_file(options)
    fresh = not key.exists()
    make_seed(key)
    if options.ml_dsa:
        make_seed(_ml_dsa_file(key))
    signer = _signer(options)
    if fresh:
        signer.begin()
    for vkey in signer.state().vkeys:
        print(vkey)
    return 0


def serve(options: argparse.Namespace) -> int:
    """Answer until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    named: Path | str | None = options.socket or os.environ.get("LODE_SIGNER_SOCKET")
    if not named:
        print("Name the socket with --socket, or in LODE_SIGNER_SOCKET.", file=sys.stderr)
        return WRONG_USAGE
    signer = _signer(options)
    state = signer.state()
    if state.head is None:
        print(f"{state.where} is missing: nothing is signed before it is put back or adopted.", file=sys.stderr)
    server = SignerServer(signer, Path(named), options.group)
    server.serve(lambda: print(f"Signing for {state.vkeys[0].name} at {named}", flush=True))
    return 0


def _signer(options: argparse.Namespace) -> LogSigner:
    origin = options.origin or os.environ.get("LODE_LEDGER_ORIGIN") or DEFAULT_ORIGIN
    key = _key_file(options)
    ml_dsa = _ml_dsa_file(key)
    beside = CosignerKey(origin, read_seed(ml_dsa), ML_DSA_44) if ml_dsa.exists() else None
    memory = HeadMemory(options.memory or var_folder() / "ledger" / "signer.json", origin)
    return LogSigner(SignerKey(origin, read_seed(key)), memory, beside)


def _key_file(options: argparse.Namespace) -> Path:
    path: Path = options.key or var_folder() / "secrets" / "ledger_log_key"
    return path


def _ml_dsa_file(key: Path) -> Path:
    return key.with_name(f"{key.name}_ml_dsa")
