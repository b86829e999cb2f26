"""The arguments of `lode-witness`, said once for it and for `lode witness`; nothing is loaded for them."""

from __future__ import annotations

import argparse
from pathlib import Path

_DEFAULT_PORT = 8471


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
