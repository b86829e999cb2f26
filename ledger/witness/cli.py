"""`lode-witness` (also `lode witness`): make the keys of a witness, and run it, without Django and without a database.

Exit status: 0 done, 1 the folder cannot be used, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ledger.core.errors import LedgerError
from ledger.witness.cosign import Witness
from ledger.witness.folder import WitnessFolder
from ledger.witness.server import WitnessServer

_DEFAULT_PORT = 8471


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process by default) and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except (LedgerError, OSError) as error:
        print(f"lode-witness: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="lode-witness",
        description="Witness logs: cosign each tree head that extends the last one cosigned, and no other.",
    )
    add_commands(made)
    return made


def add_commands(made: argparse.ArgumentParser) -> None:
    """Add `keygen` and `serve` to a parser."""
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    keygen = commands.add_parser("keygen", help="make the keys of a new witness and print their public halves")
    keygen.add_argument("name", metavar="NAME", help="the witness's name, as witness.example.com/w1")
    keygen.add_argument("--dir", type=Path, default=Path("witness"), help="the folder of the witness (./witness)")
    serve = commands.add_parser("serve", help="answer POST /add-checkpoint until Ctrl-C")
    serve.add_argument("--dir", type=Path, default=Path("witness"), help="the folder of the witness (./witness)")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen at (127.0.0.1)")
    serve.add_argument("--port", type=int, default=_DEFAULT_PORT, help=f"the port, 0 for any ({_DEFAULT_PORT})")


def run(options: argparse.Namespace) -> int:
    """Do what the parsed `options` say."""
    folder = WitnessFolder(options.dir)
    if options.command == "keygen":
        for vkey in folder.make_keys(options.name):
            print(vkey)
        return 0
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    witness = Witness(folder, lambda: int(time.time()))
    with WitnessServer((options.host, options.port), witness) as server:
        host, port = server.server_address[:2]
        print(f"Witnessing at http://{host!s}:{port}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
