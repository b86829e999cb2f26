"""The arguments of every command, said once: the `lode` script and Django's commands both read them from here."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from pathlib import Path

Parser = argparse.ArgumentParser
ELEMENTS_NOTE = "an element as the ledger names it: Li, Ni, Co, Mn, Cu and so on"


def day(text: str) -> dt.date:
    """Read a day as 2024-01-31; an argparse type."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write it as 2024-01-31") from None


def period(text: str) -> tuple[dt.date, dt.date]:
    """Read a period as 2024-01-01..2024-02-01: the first day, and the day after the last; an argparse type."""
    first, separator, after_last = text.partition("..")
    if not separator:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a period: write the first day and the day after the last, as 2024-01-01..2024-02-01"
        )
    start, end = day(first), day(after_last)
    if end <= start:
        raise argparse.ArgumentTypeError(f"the period {text} ends before it begins")
    return start, end


def tree_size(text: str) -> int:
    """Read a number of ledger entries; an argparse type."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of ledger entries: write 0, 1, 2 and so on")
    return int(text)


def demo(parser: Parser) -> None:
    """Say what `lode demo` takes."""
    parser.add_argument("--fresh", action="store_true", help="throw the embedded database away first and start anew")


def ledger_export(parser: Parser) -> None:
    """Say what `lode ledger export` takes."""
    parser.add_argument("directory", metavar="DIR", type=Path, help="an empty or new folder, or an earlier export")
    parser.add_argument("--party", help="export what this organisation may see (default: everything)")


def ledger_verify(parser: Parser) -> None:
    """Say what `lode ledger verify` takes."""
    parser.add_argument("--quick", action="store_true", help="check the tree and its files only")


def ledger_balance(parser: Parser) -> None:
    """Say what `lode ledger balance` takes."""
    parser.add_argument("--owner", help="whose material: an organisation's short name")
    parser.add_argument("--holder", help="who has it: an organisation's short name")
    parser.add_argument("--element", help=ELEMENTS_NOTE)
    parser.add_argument("--as-of", type=day, metavar="DATE", help="what had happened by the end of this day")
    parser.add_argument("--known-at", type=tree_size, metavar="SIZE", help="as the ledger stood at this many entries")
    parser.add_argument("--format", choices=("json", "csv"), default="json")


def settle(parser: Parser) -> None:
    """Say what `lode settle` takes; `check_settle` says what goes together."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--due", action="store_true", help="settle every period that is due")
    what.add_argument("--contract", metavar="REF", help="settle one contract; needs --period")
    parser.add_argument("--as-of", type=day, metavar="DATE", help="with --due: what falls due by this day")
    parser.add_argument("--period", type=period, metavar="START..END", help="the first day and the day after the last")


def check_settle(parser: Parser, options: argparse.Namespace) -> None:
    """End with a usage error where the options of `settle` do not go together."""
    if options.due and (options.as_of is None or options.period is not None):
        parser.error("--due needs --as-of DATE, and no --period")
    if options.contract and (options.period is None or options.as_of is not None):
        parser.error("--contract needs --period START..END, and no --as-of")


def export(parser: Parser) -> None:
    """Say what `lode export` takes."""
    parser.add_argument("statement", metavar="STATEMENT", help="a statement's reference")
    parser.add_argument("--format", choices=("csv", "json"), default="csv")


def compute(parser: Parser) -> None:
    """Say what `lode compute` takes."""
    parser.add_argument("file", metavar="FILE.json", help="terms, facts and period; - reads standard input")


def nothing(_parser: Parser) -> None:
    """Take no arguments."""


AddArguments = Callable[[Parser], None]
