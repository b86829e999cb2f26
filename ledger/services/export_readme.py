"""The README of an export: what it is, and the exact commands that check it."""

from __future__ import annotations

from ledger.services.export_files import Scope

README = "README.md"
TITLE = "# An export of the ledger "


def readme(scope: Scope, entries: int) -> str:
    """Return the text for an export that opens so many entries."""
    return "\n".join([_head(scope, entries), _check(scope), _FOREIGN, _files(scope)])


def _head(scope: Scope, entries: int) -> str:
    size = scope.checkpoint.size
    whose = (
        "every entry (for the auditor)" if scope.party is None else f"the {entries} entries that {scope.party} may read"
    )
    lines = [f"{TITLE}{scope.root.origin}\n"]
    if scope.first:
        lines.append(
            f"It goes on from an export of {scope.first} entries: it holds the signed tree of {size} entries, and of "
            f"those from entry {scope.first} on {'every one' if scope.party is None else f'the {entries}'}"
            f"{'' if scope.party is None else f' that {scope.party} may read'}, with their proofs."
        )
    else:
        lines.append(f"It holds the signed tree of {size} entries and {whose}, with their proofs.")
    lines.append(
        "What each file is made of stands in Lode's `docs/ledger-format.md`: C2SP tlog-tiles, signed notes, RFC 8785 "
        "JSON.\n"
    )
    return "\n".join(lines)


def _check(scope: Scope) -> str:
    base = " --base EARLIER" if scope.first else ""
    what = "" if not scope.first else "\n`EARLIER` is the folder of the export that this one goes on from.\n"
    return f"""## Check it, offline

    lode-verify{base} .
{what}
A check with the keys in this folder shows that the folder is whole. That it is the ledger you know is shown only with
keys that somebody else gave you, and with a tree head that you have kept:

    lode-verify{base} --log-vkey '{scope.root.log_vkey}' \\
        --registry-vkey '{scope.root.registry_vkey}' --held KEPT --write-audited AUDITED .

The file AUDITED is the tree head that you have checked to the end. Keep it; give it to the operator, and the next
export holds only what is new (`lode ledger export DIR --auditor NAME --since AUDITED`).
"""


_FOREIGN = """## Check it with tools that Lode's makers did not write

With `tlog-tiles`, of the Python package `tlog-scales` (each leaf up to the root):

    tlog-tiles get-leaf --check . 0
    tlog-tiles gen-proof . 0

With Go: `golang.org/x/mod/sumdb/note` opens `checkpoint` under the log's vkey above (`note.Open`), and
`golang.org/x/mod/sumdb/tlog` checks `entries/0.leaf` by the hashes in `entries/0.tlog-proof` (`tlog.CheckRecord`).
`audited.growth`, where it is here, is what any C2SP tlog-witness takes at `/add-checkpoint`.
"""


def _files(scope: Scope) -> str:
    table = [
        ("`checkpoint`", "origin, size and root, signed by the log"),
        ("`policy`, `registry.vkey`", "the keys that this export was made under"),
        ("`tile/`", "the tree: hashes by level, and the leaves in `tile/entries/`"),
        ("`entries/N.note`", "entry N as its parties signed it"),
        ("`entries/N.seal`", "what the operator added: index, time, each account's place and balance"),
        ("`entries/N.leaf`", "what stands in the tree: a commitment to note and seal; public entries readable"),
        ("`entries/N.tlog-proof`", "that the leaf is under the checkpoint's root"),
        *([("`entries/N.cose`", "the COSE receipt of its leaf (RFC 9942)")] if scope.receipts else []),
        ("`entries/N.disclosures`", "facts that entry N hides and that were disclosed to the reader (RFC 9901)"),
        (
            "`conservation/N.json`",
            "the seeds of the trees of sums that notice N commits to"
            if scope.party is None
            else "the leaves of the reader's accounts under the totals that notice N declares",
        ),
        ("`manifests/`", "lists of serials, each under its SHA-256"),
        ("`balances.json`", "balances in milligrams of the contained element, as the entries give them"),
    ]
    if scope.audited is not None:
        size = scope.audited.size
        table.append(("`audited`, `audited.growth`", f"the tree head of {size} entries, and that the log extends it"))
    if scope.first:
        table.append(("`continues`", "how many entries the earlier export has"))
    lines = "".join(f"| {name} | {what} |\n" for name, what in table)
    return f"## What lies here\n\n| file | what |\n| --- | --- |\n{lines}"
