"""The arguments of every command, said once: the `lode` script and Django's commands both read them from here."""

from __future__ import annotations

import argparse
import codecs
import datetime as dt
from collections.abc import Callable
from pathlib import Path

from ledger.core.entry import Account, State

Parser = argparse.ArgumentParser
AXES = ("owner", "holder", "state", "lot")
ORDERS = ("recorded", "occurred")
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


def encoding(text: str) -> str:
    """Read the name of an encoding; an argparse type."""
    try:
        return codecs.lookup(text).name
    except LookupError:
        raise argparse.ArgumentTypeError(f"{text!r} is no encoding: write gb18030, utf-16 and so on") from None


def demo(parser: Parser) -> None:
    """Say what `lode demo` takes."""
    parser.add_argument("--fresh", action="store_true", help="throw the embedded database away first and start anew")


def ledger_export(parser: Parser) -> None:
    """Say what `lode ledger export` takes."""
    parser.add_argument("directory", metavar="DIR", type=Path, help="an empty or new folder, or an earlier export")
    reader = parser.add_mutually_exclusive_group()
    reader.add_argument("--party", help="export what this organisation may see (default: everything)")
    reader.add_argument("--auditor", metavar="NAME", help="everything, with the last tree head that NAME has audited")
    parser.add_argument(
        "--since",
        metavar="FILE",
        type=Path,
        help="only what is new since the signed tree head in FILE, which with --auditor is kept as audited",
    )
    parser.add_argument("--receipts", action="store_true", help="with a COSE receipt (RFC 9942) of each entry")


def ledger_close(parser: Parser) -> None:
    """Say what `lode ledger close` takes."""
    parser.add_argument("--element", required=True, help=f"{ELEMENTS_NOTE}; comma between, or `all`")


def ledger_prove_balance(parser: Parser) -> None:
    """Say what `lode ledger prove-balance` takes."""
    parser.add_argument("account", type=account, help="OWNER/HOLDER/ELEMENT/STATE/LOT")
    parser.add_argument("--size", type=tree_size, help="under the checkpoint of this size (default: the newest)")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, default=Path("balance.json"), help="default: balance.json"
    )


def ledger_verify(parser: Parser) -> None:
    """Say what `lode ledger verify` takes."""
    parser.add_argument("--quick", action="store_true", help="check the tree and its files only")


def account(text: str) -> Account:
    """Read an account as OWNER/HOLDER/ELEMENT/STATE/LOT, as its page is addressed; an argparse type."""
    parts = text.strip("/").split("/")
    if len(parts) != len(Account._fields) or not all(parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account: write it as OWNER/HOLDER/ELEMENT/STATE/LOT")
    return Account(*parts)


def axes(text: str) -> tuple[str, ...]:
    """Read the axes to keep, as owner,holder; an argparse type."""
    kept = () if text == "none" else tuple(text.split(","))
    if set(kept) - set(AXES) or len(set(kept)) != len(kept):
        raise argparse.ArgumentTypeError(f"{text!r}: name each of {', '.join(AXES)} at most once, or none")
    return kept


def ledger_balance(parser: Parser) -> None:
    """Say what `lode ledger balance` takes."""
    _filters(parser)
    parser.add_argument(
        "--group", type=axes, metavar="AXES", default=AXES, help="what to keep apart, as owner,holder; none sums it all"
    )
    parser.add_argument("--as-of", type=day, metavar="DATE", help="what had happened by the end of this day")
    _known_at(parser)


def ledger_statement(parser: Parser) -> None:
    """Say what `lode ledger statement` takes."""
    _account(parser)
    parser.add_argument("--start", type=day, metavar="DATE", help="the first day (default: from the beginning)")
    parser.add_argument("--end", type=day, metavar="DATE", help="the last day (default: to the end)")
    _known_at(parser)


def ledger_history(parser: Parser) -> None:
    """Say what `lode ledger history` takes."""
    _account(parser)
    parser.add_argument(
        "--order",
        choices=ORDERS,
        default=ORDERS[0],
        help="as the ledger learned of it, with the sealed balances (default), or by days in the world",
    )
    _known_at(parser)


def ledger_learned(parser: Parser) -> None:
    """Say what `lode ledger learned` takes."""
    _filters(parser)
    parser.add_argument("--as-of", type=day, metavar="DATE", required=True, help="the day that is looked at")
    parser.add_argument("--since", type=tree_size, metavar="SIZE", required=True, help="the earlier number of entries")
    parser.add_argument("--lines", action="store_true", help="the postings behind it, in place of the balances")
    _known_at(parser)


def ledger_entries(parser: Parser) -> None:
    """Say what `lode ledger entries` takes."""
    parser.add_argument("--kind", help="a kind of entry: receive, ship and so on")
    parser.add_argument("--contract", metavar="REF", help="a contract's reference")
    parser.add_argument("--element", help=ELEMENTS_NOTE)
    parser.add_argument("--account", type=account, help="OWNER/HOLDER/ELEMENT/STATE/LOT")
    parser.add_argument("--occurred-from", type=day, metavar="DATE", help="the first day in the world")
    parser.add_argument("--occurred-to", type=day, metavar="DATE", help="the last day in the world")
    _known_at(parser)


def _filters(parser: Parser) -> None:
    parser.add_argument("--owner", help="whose material: an organisation's short name")
    parser.add_argument("--holder", help="who has it: an organisation's short name")
    parser.add_argument("--element", help=ELEMENTS_NOTE)
    parser.add_argument("--state", choices=[state.value for state in State], help="where in its life it is")
    parser.add_argument("--lot", help="which lot")


def _account(parser: Parser) -> None:
    parser.add_argument("account", type=account, help="OWNER/HOLDER/ELEMENT/STATE/LOT")


def _known_at(parser: Parser) -> None:
    parser.add_argument("--known-at", type=tree_size, metavar="SIZE", help="as the ledger stood at this many entries")
    parser.add_argument("--format", choices=("json", "csv"), default="json")


def ledger_receipt(parser: Parser) -> None:
    """Say what `lode ledger receipt` takes."""
    parser.add_argument("index", metavar="N", type=tree_size, help="the entry's number")
    parser.add_argument("--size", type=tree_size, help="under the checkpoint of this size (default: the newest)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="where to write it (default: N.cose)")


def ledger_trust(parser: Parser) -> None:
    """Say what `lode ledger trust` takes."""
    parser.add_argument("--register", action="store_true", help="register what it names by public entries, first")
    parser.add_argument("--add-ml-dsa", action="store_true", help="give the log an ML-DSA-44 key, and register it")


def ledger_adopt(parser: Parser) -> None:
    """Say what `lode ledger adopt` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the newest signed checkpoint that anybody holds")


def ledger_bring_back(parser: Parser) -> None:
    """Say what `lode ledger bring-back` takes."""
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+", help="an export of a party, or an auditor's")


def signer(parser: Parser) -> None:
    """Say what `lode signer` takes."""
    parser.add_argument("action", choices=("init", "serve"), nargs="?", default="serve", help="init makes the key")
    parser.add_argument("--origin", help="the log's name (LODE_LEDGER_ORIGIN)")
    parser.add_argument("--key", metavar="FILE", type=Path, help="the key file (var/secrets/ledger_log_key)")
    parser.add_argument("--memory", metavar="FILE", type=Path, help="what was signed last (var/ledger/signer.json)")
    parser.add_argument("--socket", metavar="FILE", type=Path, help="where to answer (LODE_SIGNER_SOCKET)")
    parser.add_argument("--group", help="a group whose members may ask, too (default: this user alone)")
    parser.add_argument("--ml-dsa", action="store_true", help="init: make an ML-DSA-44 key beside it")


def ledger_bulk(parser: Parser) -> None:
    """Say what `lode ledger bulk` takes; `check_ledger_bulk` says what goes together."""
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="signed notes, a JSON text a line; - reads standard input"
    )
    parser.add_argument("--url", help="post over the API of this server, as https://lode.example.org (default: here)")
    parser.add_argument("--token-file", metavar="FILE", type=Path, help="with --url: the file with the token")
    parser.add_argument("--party", help="without --url: hand in as this organisation, only what is its own")
    parser.add_argument(
        "--report", metavar="OUT", type=Path, help="write what became of each line, a JSON object a line"
    )
    parser.add_argument("--stop-at-first", action="store_true", help="hand in nothing after the first refused line")


def check_ledger_bulk(parser: Parser, options: argparse.Namespace) -> None:
    """End with a usage error where the options of `ledger bulk` do not go together."""
    if bool(options.url) != bool(options.token_file):
        parser.error("--url and --token-file go together")
    if options.url and options.party:
        parser.error("--party is for the ledger of this machine: with --url the token says who hands in")


def ledger_csv(parser: Parser) -> None:
    """Say what `lode ledger csv` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a CSV with one movement a row: see docs/bulk.md")
    parser.add_argument(
        "--book", metavar="ORIGIN", required=True, help="the origin of the ledger, as its checkpoint says"
    )
    parser.add_argument(
        "--key",
        metavar="KEYFILE",
        type=Path,
        action="append",
        required=True,
        help="a key to sign with; may be repeated",
    )
    parser.add_argument(
        "--onto", metavar="NOTES", type=Path, help="what another party made of the same file: sign beside it"
    )
    parser.add_argument(
        "--encoding", type=encoding, default="utf-8-sig", help="of the file (default: UTF-8, with or without its mark)"
    )


def manifest_make(parser: Parser) -> None:
    """Say what `lode manifest make` takes."""
    parser.add_argument(
        "list", metavar="LIST", type=Path, help="serials, one a line in any order; - reads standard input"
    )
    parser.add_argument("manifest", metavar="MANIFEST", type=Path, help="the file to write")


def manifest_check(parser: Parser) -> None:
    """Say what `lode manifest check` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a manifest, or the proof of a serial")
    parser.add_argument("--sha256", metavar="HEX", help="manifest_sha256 of the entry")
    parser.add_argument("--root", metavar="HEX", help="manifest_root of the entry")
    parser.add_argument("--serials", metavar="COUNT", type=int, help="serials of the entry")


def manifest_prove(parser: Parser) -> None:
    """Say what `lode manifest prove` takes."""
    parser.add_argument("manifest", metavar="MANIFEST", type=Path)
    parser.add_argument("serial", metavar="SERIAL")


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
