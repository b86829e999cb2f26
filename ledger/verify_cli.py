"""`lode-verify DIR`: check an exported ledger offline, without Django, and say what held or which entry did not.

Exit status: 0 everything checked holds, 1 something does not hold, 2 the command or the folder cannot be used, 130
interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ledger.core import audit, policy
from ledger.core.entry import check_identifier
from ledger.core.errors import LedgerError
from ledger.core.note import VerifierKey

_BAR_WIDTH = 30
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
    except (_UnusableError, OSError) as error:
        print(f"lode-verify: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nlode-verify: interrupted; nothing is said about what was not checked.", file=sys.stderr)
        return 130


def _verify(folder: Path, options: argparse.Namespace) -> int:
    if not folder.is_dir():
        raise _UnusableError(f"{folder} is not a folder. Give the folder that `lode ledger export` wrote.")
    trust, origin = _trust(folder, options)
    party = _party(folder, options)
    depth = audit.Depth(options.depth) if options.depth else _depth(folder, party)
    held = [_need(Path(path), "Name a file with a signed checkpoint.") for path in options.held]
    run = audit.Audit(lambda path: _read(folder, path), trust, depth, party, held)
    _follow(run.run())
    _report_success(run.report, origin, as_json=options.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lode-verify",
        description="Check an exported Lode ledger offline: signatures, tree, entries, chains and balances.",
        epilog="Exit status: 0 all holds, 1 something does not hold, 2 the command or the folder cannot be used.",
    )
    parser.add_argument("folder", metavar="DIR", help="the folder that `lode ledger export` wrote")
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
    declared = _read(folder, audit.PARTY)
    party = options.party or (declared.decode("utf-8", "replace").strip() if declared else None)
    if party is None:
        return None
    try:
        return check_identifier("party", party)
    except LedgerError as error:
        raise _UnusableError(error.sentence) from None


def _depth(folder: Path, party: str | None) -> audit.Depth:
    if party is not None:
        return audit.Depth.PARTY
    return audit.Depth.FULL if (folder / "entries").is_dir() else audit.Depth.TREE


def _need(path: Path, hint: str = "Give the trust root with --policy and --registry-vkey.") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _UnusableError(f"{path} is missing. {hint}") from None


def _read(folder: Path, path: str) -> bytes | None:
    try:
        return (folder / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _follow(steps: Iterator[audit.Progress]) -> None:
    shown = ""
    for step in steps:
        if not sys.stderr.isatty():
            continue
        filled = _BAR_WIDTH * step.done // max(step.total, 1)
        line = f"{step.step:<10} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {step.done}/{step.total}"
        # Drawing costs more than checking: only a bar that looks different is drawn.
        picture = f"{step.step}{filled}"
        if picture != shown or step.done == step.total:
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
            shown = picture
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


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
