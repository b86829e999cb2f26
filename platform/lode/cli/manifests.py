"""`lode manifest make|check|prove`: lists of serials, by files alone; no database, no Django."""

from __future__ import annotations

import argparse
import json
import sys

from ledger.core import manifest
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import PROOF_HEADER, Manifest, SerialProof

_PIECE = 64 * 1024


def make(options: argparse.Namespace) -> int:
    """Write the manifest of a list of serials, one a line in any order; print the details for the entry."""
    text = sys.stdin.read() if str(options.list) == "-" else options.list.read_text("utf-8-sig")
    data = manifest.write(line.strip() for line in text.splitlines() if line.strip())
    options.manifest.write_bytes(data)
    print(json.dumps(manifest.read([data]).details))
    return 0


def check(options: argparse.Namespace) -> int:
    """Check a manifest or a proof, against what an entry says where that is given."""
    with options.file.open("rb") as file:
        head = file.read(len(PROOF_HEADER))
        file.seek(0)
        if head == PROOF_HEADER:
            _check_proof(options, SerialProof.parse(file.read(_PIECE)))
        else:
            found = manifest.read(iter(lambda: file.read(_PIECE), b""))
            _check_named(options, found)
            print(f"OK. {found.serials} serials.")
            print(json.dumps(found.details))
    return 0


def prove(options: argparse.Namespace) -> int:
    """Print the proof that one serial stands in a manifest."""
    sys.stdout.buffer.write(manifest.prove(options.manifest.read_bytes(), options.serial).to_bytes())
    sys.stdout.buffer.flush()
    return 0


def _check_proof(options: argparse.Namespace, proof: SerialProof) -> None:
    if options.sha256:
        raise LedgerError(LedgerCode.BAD_PROOF, "A proof leads to manifest_root; it says nothing of the file's digest.")
    proof.check()
    _check_named(options, Manifest("", proof.serials, proof.root))
    print(f"OK. {proof.serial} is number {proof.index + 1} of the {proof.serials} serials under {proof.root}.")
    if not options.root:
        print("Compare that root with manifest_root of the entry, or give it with --root.")


def _check_named(options: argparse.Namespace, found: Manifest) -> None:
    named = {"manifest_sha256": options.sha256, "manifest_root": options.root, "serials": options.serials}
    found.check_named_by({name: found.details[name] if value is None else value for name, value in named.items()})
