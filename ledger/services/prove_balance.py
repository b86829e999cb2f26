"""Make the file that shows what stands in one account at a signed tree head."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.core import balance_proof
from ledger.core.balance_proof import BalanceProof, Proven
from ledger.core.book import read
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.core.seal import decode
from ledger.selectors.checkpoints import checkpoint_at, latest_checkpoint, make_entry_proof
from ledger.selectors.conservation import ConservationNotice, conservation_notices
from ledger.selectors.values import SignedCheckpoint
from ledger.services.conservation import open_account
from ledger.sql import proofs, reads, tree
from ledger.sql.inbox import APP
from ledger.sql.reads import StoredEntry
from ledger.sql.snapshot import snapshot

MAX_ENTRIES = 2000


def prove_balance(*, account: Account, party: str | None, size: int | None = None) -> bytes:
    """Return the proof of an account's balance under the checkpoint of `size` (None: the latest).

    It holds the last 2,000 entries of the account's chain, and the newest notice of conservation that counts it. Raises
    `unknown-account` where it was not used by then or `party` is neither owner nor holder (None may see all),
    `unknown-checkpoint`, and as `open_conservation` where the notice cannot be opened.
    """
    with snapshot():
        checkpoint = latest_checkpoint() if size is None else checkpoint_at(size=size)
        indexes = proofs.chain_of(account, checkpoint.size, MAX_ENTRIES)
        if not indexes or (party is not None and party not in (account.owner, account.holder)):
            raise LedgerError(
                LedgerCode.UNKNOWN_ACCOUNT,
                f"There is no account {account} at the tree of {checkpoint.size} entries, or it is not yours to see.",
            )
        chain = _entries("e.index", indexes, party)
        named = _named(chain, party)
        notice = _notice(account, checkpoint.size, indexes[0])
        names = {line.name for entry in (*chain, *named) for line in Note.parse(entry.note).signatures}
        keys = _entries("e.index", proofs.key_entries_of(sorted(names), checkpoint.size), None)
        noticed = [] if notice is None else _entries("e.index", [notice.index], None)
        prove = _Prover(checkpoint)
        line = next(line for line in decode(chain[-1].seal).accounts if line.account == account)
        proof = BalanceProof(
            origin=checkpoint.origin,
            account=account,
            balance_mg=line.balance_mg,
            checkpoint=checkpoint.note,
            keys=prove.all(keys),
            named=prove.all(named),
            entries=prove.all(chain),
            notice=None if notice is None else prove.all(noticed)[0],
            opening=None if notice is None else open_account(notice=notice, account=account),
        )
    return balance_proof.encode(proof)


class _Prover:
    def __init__(self, checkpoint: SignedCheckpoint) -> None:
        self._checkpoint = checkpoint
        self._reader = tree.reader(APP, checkpoint.size, checkpoint.root)

    def all(self, entries: Sequence[StoredEntry]) -> tuple[Proven, ...]:
        """Return the entries with their proofs, in the order of the log."""
        ordered = sorted(entries, key=lambda entry: entry.index)
        return tuple(
            Proven(entry.note, entry.seal, make_entry_proof(entry, self._checkpoint, self._reader).text)
            for entry in ordered
        )


def _named(chain: Sequence[StoredEntry], party: str | None) -> list[StoredEntry]:
    """Return what the chain's entries take back or refer to and what those do, as far as the party may read it."""
    known = {entry.entry_id for entry in chain}
    found: list[StoredEntry] = []
    newest: Sequence[StoredEntry] = chain
    while wanted := {name for entry in newest for name in read(entry.note).names} - known:
        newest = _entries("e.entry_id", sorted(wanted), party)
        known |= wanted
        found += newest
    return found


def _notice(account: Account, size: int, first_index: int) -> ConservationNotice | None:
    fitting = [
        notice
        for notice in conservation_notices(size=size)
        if account.element in notice.elements and notice.tree_size > first_index
    ]
    return fitting[-1] if fitting else None


def _entries(column: str, values: Sequence[int] | Sequence[bytes], party: str | None) -> list[StoredEntry]:
    where = reads.Where()
    reads.readable(where, party)
    where.add(f"{column} = ANY(%(values)s)", values=list(values))
    return reads.entries(where, order="e.index")
