"""`lode-verify DIR`: check an exported ledger offline, without Django, and say what held or which entry did not.

Exit status: 0 everything checked holds, 1 something does not hold, 2 the command or the folder cannot be used, 130
interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ledger.core import audit, policy
from ledger.core.audit_tree import CHECKPOINT
from ledger.core.continuation import AUDITED, CONTINUES, GROWTH, check_growth, continued_from
from ledger.core.entry import check_identifier
from ledger.core.errors import LedgerError
from ledger.core.note import VerifierKey
from ledger.core.tiles import Read
from ledger.folder_reader import FolderReader
from ledger.layered_reader import LayeredReader
from ledger.verify_balance import as_json, sentences, verify_balance
from ledger.verify_pool import Pool, WorkerLostError
from ledger.verify_progress import follow

_NAMED = 20  # entries that are named one by one
_KG_DIGITS = 6  # milligrams in a kilogram: 10^6


class _UnusableError(Exception):
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process by default) and return its exit status."""
    options = _parser().parse_args(arguments)
    folder = Path(options.folder)
    try:
        return _verify(folder, options)
    except LedgerError as error:
        _report_failure(error, as_json=options.json)
        return 1
    except (_UnusableError, WorkerLostError, OSError) as error:
        print(f"lode-verify: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nlode-verify: interrupted; nothing is said about what was not checked.", file=sys.stderr)
        return 130


def _verify(folder: Path, options: argparse.Namespace) -> int:
    if folder.is_file():
        return _verify_file(folder, options)
    if not folder.is_dir():
        raise _UnusableError(f"{folder} is not a folder. Give the folder that `lode ledger export` wrote.")
    trust, origin = _trust(folder, options)
    party = _party(folder, options)
    depth = audit.Depth(options.depth) if options.depth else _depth([folder, *map(Path, options.base)], party)
    held = [_need(Path(path), "Name a file with a signed checkpoint.") for path in options.held]
    read = _reader(folder, options)
    if (audited := read(AUDITED)) is not None:
        check_growth(audited, read(GROWTH) or b"", read(CHECKPOINT) or b"", trust.policy.logs)
        held.append(audited)
    held += [_need(Path(base) / CHECKPOINT) for base in options.base]
    run = audit.Audit(read, trust, depth, party, held, opening=Pool(options.jobs))
    follow(run.run(), sys.stderr, quiet=options.quiet)
    _report_success(run.report, origin, as_json=options.json)
    if options.write_audited and depth is not audit.Depth.TREE:
        Path(options.write_audited).write_bytes(_need(folder / CHECKPOINT))
    return 0


def _verify_file(file: Path, options: argparse.Namespace) -> int:
    trust, origin = _trust(file.parent, options)
    report = verify_balance(file.read_bytes(), trust.policy, trust.registry)
    if options.json:
        print(json.dumps({"ok": True, "trust": origin, **as_json(report)}, ensure_ascii=False, sort_keys=True))
    else:
        print("\n".join(sentences(report, origin)))
    return 0


def _reader(folder: Path, options: argparse.Namespace) -> Read:
    earlier = tuple(FolderReader(base) for base in options.base)
    read = LayeredReader(FolderReader(str(folder)), earlier)
    if (data := read(CONTINUES)) is not None and not earlier:
        raise _UnusableError(
            f"{folder} goes on from an export of {continued_from(data)} entries. Name that one's folder with --base."
        )
    return read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lode-verify",
        description="Check an exported Lode ledger offline: signatures, tree, entries, chains and balances.",
        epilog="Exit status: 0 all holds, 1 something does not hold, 2 the command or the folder cannot be used.",
    )
    parser.add_argument("folder", metavar="DIR", help="an export's folder, or a file that proves a balance")
    parser.add_argument(
        "--depth",
        choices=[depth.value for depth in audit.Depth],
        help="tree: what anybody can check; party: the entries opened to one party; full: every entry. "
        "Without it: party where DIR is a party's export, tree where it opens no entry, else full",
    )
    parser.add_argument("--party", metavar="ID", help="whose accounts must be without a gap (else the file DIR/party)")
    parser.add_argument(
        "--held",
        metavar="FILE",
        action="append",
        default=[],
        help="a signed checkpoint kept from earlier, which the log must extend (may be given again)",
    )
    parser.add_argument(
        "--base",
        metavar="DIR",
        action="append",
        default=[],
        help="the earlier export that DIR goes on from, newest first (may be given again)",
    )
    parser.add_argument(
        "--write-audited",
        metavar="FILE",
        help="keep the tree head in FILE once all of it holds, for --held and for the next export",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_jobs,
        default=_processors(),
        help="check with N processes (default: one a processor)",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("--policy", metavar="FILE", help="trust this C2SP policy instead of DIR/policy")
    parser.add_argument("--log-vkey", metavar="KEY", help="trust this log key instead of any policy")
    parser.add_argument("--registry-vkey", metavar="KEY", help="trust this registry key instead of DIR/registry.vkey")
    return parser


def _trust(folder: Path, options: argparse.Namespace) -> tuple[audit.Trust, str]:
    given = [name for name in ("log_vkey", "policy", "registry_vkey") if getattr(options, name)]
    try:
        if options.log_vkey:
            rule = policy.Policy((VerifierKey.parse(options.log_vkey),), policy.NONE)
        else:
            rule = policy.parse(_need(Path(options.policy) if options.policy else folder / audit.POLICY))
        key = options.registry_vkey or _need(folder / audit.REGISTRY_KEY).decode("utf-8", "replace").strip()
        trust = audit.Trust(rule, VerifierKey.parse(key))
    except LedgerError as error:
        raise _UnusableError(f"the trust root cannot be read: {error.sentence}") from None
    own = (options.log_vkey or options.policy) and options.registry_vkey
    if own:
        return trust, "the keys that you gave"
    return trust, "the keys in the folder itself" if not given else "keys of yours and keys in the folder itself"


def _party(folder: Path, options: argparse.Namespace) -> str | None:
    declared = FolderReader(str(folder))(audit.PARTY)
    party = options.party or (declared.decode("utf-8", "replace").strip() if declared else None)
    if party is None:
        return None
    try:
        return check_identifier("party", party)
    except LedgerError as error:
        raise _UnusableError(error.sentence) from None


def _depth(folders: Sequence[Path], party: str | None) -> audit.Depth:
    if party is not None:
        return audit.Depth.PARTY
    return audit.Depth.FULL if any((folder / "entries").is_dir() for folder in folders) else audit.Depth.TREE


def _need(path: Path, hint: str = "Give the trust root with --policy and --registry-vkey.") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _UnusableError(f"{path} is missing. {hint}") from None


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        message = f"{text!r} is not a number of processes."
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _report_success(report: audit.Report, origin: str, *, as_json: bool) -> None:
    if as_json:
        result: dict[str, Any] = {"ok": True, "trust": origin, **dataclasses.asdict(report)}
        result["elements"] = {element: str(mass) for element, mass in report.elements.items()}
        print(json.dumps(result, ensure_ascii=False, sort_keys=True))
        return
    print("\n".join(_sentences(report, origin)))


def _sentences(report: audit.Report, origin: str) -> Iterator[str]:
    yield f"OK. The book {report.origin} of {report.size} entries is whole, under the root {report.root}."
    yield f"Trusted: {origin}. Cosigned by {', '.join(report.witnesses) or 'no witness'}."
    yield (
        f"Checked: {report.tiles} tiles, {report.leaves} leaves, {report.keys} keys, {report.entries} opened entries, "
        f"{report.signatures} signatures, {report.accounts} accounts, {report.balances} declared balances."
    )
    if report.held:
        yield f"It extends {'the checkpoint' if report.held == 1 else f'all {report.held} checkpoints'} that you hold."
    if report.conservation:
        whose = "every account" if report.party is None else f"every account of {report.party}"
        told = f"in the totals of {report.conservation} notices, the same as their sources'."
        yield f"Conservation: {whose} counts {told}"
    if report.manifests:
        yield f"Serials: {report.manifests} lists are those that their entries name."
    if report.disclosures:
        yield f"Disclosed: {report.disclosures} facts are those that their entries hide."
    if report.disputed:
        first = ", ".join(map(str, list(report.disputed)[:_NAMED]))
        more = f" and {len(report.disputed) - _NAMED} more" if len(report.disputed) > _NAMED else ""
        yield (
            f"Disputed: entries {first}{more} were signed with a key that somebody else may have had by then, and "
            "their parties have not affirmed them since."
        )
    if report.depth is audit.Depth.TREE:
        yield "Depth tree: nothing was removed, changed or put in another order. Only public entries were opened."
    elif report.depth is audit.Depth.FULL:
        yield "Depth full: every entry is opened, every element balances, and no account is below zero."
        yield from (f"  {element}: {_kilograms(mass)} kg outside source" for element, mass in report.elements.items())
    elif report.party is None:
        yield "Depth party: the opened entries hold. Name a party with --party to have its accounts checked for gaps."
    else:
        yield f"Depth party: every entry of every account of {report.party} is here, in order."
        yield "An entry newer than the last one here can only be noticed by a later seal or a later export."


def _kilograms(mass_mg: int) -> str:
    sign, digits = "-" if mass_mg < 0 else "", str(abs(mass_mg)).zfill(_KG_DIGITS + 1)
    return f"{sign}{digits[:-_KG_DIGITS]}.{digits[-_KG_DIGITS:]}"


def _report_failure(error: LedgerError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": False, "code": error.code, "entry": error.index, "sentence": error.sentence}))
    else:
        print(f"NOT OK. {error.sentence}")


if __name__ == "__main__":
    sys.exit(main())
