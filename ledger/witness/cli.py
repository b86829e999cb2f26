"""`lode-witness` (also `lode witness`): make the keys of a witness, and run it, without Django and without a database.

Exit status: 0 done, 1 the folder cannot be used, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from ledger.core.errors import LedgerError
from ledger.witness.arguments import parser
from ledger.witness.cosign import Witness
from ledger.witness.folder import WitnessFolder
from ledger.witness.server import WitnessServer


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
