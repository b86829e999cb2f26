"""Who signs with which key, and from which leaf to which: built from the public `key` entries, rooted in one key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ledger.core.entry import Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note, VerifierKey
from ledger.core.rules import REGISTRY

# Whether a signature (without its key id) is the key's over a text.
Verify = Callable[[VerifierKey, bytes, bytes], bool]
verifies: Verify = VerifierKey.verifies


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A registered key. It signs for leaves from `valid_from_index` up to but without `revoked_at_index`."""

    vkey: VerifierKey
    party: str
    purpose: str
    custody: str
    valid_from_index: int
    revoked_at_index: int | None = None

    @property
    def name(self) -> str:
        """The key's name, as it stands under what it signs."""
        return self.vkey.name

    def valid_at(self, index: int) -> bool:
        """Whether the key may sign the entry at leaf `index`."""
        return self.valid_from_index <= index and (self.revoked_at_index is None or index < self.revoked_at_index)


class KeyRegistry:
    """The keys of one book: starts from the registry's root key, grows by `apply`, one `key` entry after the other."""

    def __init__(self, root: VerifierKey) -> None:
        self._records: dict[tuple[str, bytes], KeyRecord] = {}
        self._public_keys: set[bytes] = set()
        self._add(KeyRecord(root, REGISTRY, REGISTRY, "held", 0))

    def __iter__(self) -> Iterator[KeyRecord]:
        return iter(self._records.values())

    def find(self, name: str, key_id: bytes) -> KeyRecord | None:
        """Return the record of a key, valid or not."""
        return self._records.get((name, key_id))

    def apply(self, entry: Entry, index: int) -> KeyRecord:
        """Take in the `key` entry at leaf `index` and return the key as it is from then on.

        A registered key is valid from the next leaf, a revoked one no more. Raises `duplicate` for a key or a name that
        is registered, `unknown-key` or `key-not-valid` when revoking.
        """
        kind_of(entry).check(entry)
        details = entry.details
        vkey = VerifierKey.parse(details["vkey"])
        if details["action"] == "register":
            return self._add(KeyRecord(vkey, details["party"], details["purpose"], details["custody"], index + 1))
        record = self.find(vkey.name, vkey.key_id)
        if record is None or record.vkey != vkey:
            raise LedgerError(LedgerCode.UNKNOWN_KEY, f"The key {vkey.name} to be revoked was never registered.")
        if record.revoked_at_index is not None:
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {vkey.name} is revoked already.")
        revoked = self._records[vkey.name, vkey.key_id] = replace(record, revoked_at_index=index)
        return revoked

    def signed(
        self, note: Note, index: int, *, public: bool = False, verify: Verify = verifies
    ) -> tuple[KeyRecord, ...]:
        """Return the keys, valid at leaf `index`, that signed `note`, in the order of its lines.

        Public entries are signed by registry keys, all others by entry keys. Lines of keys that are not registered are
        ignored. Raises `key-not-valid` where the note carries the signature of a key out of its time or purpose,
        `duplicate`, `bad-signature`, or `unknown-key` where no key known here has signed.
        """
        records = []
        for line in note.signatures:
            record = self._records.get((line.name, line.key_id))
            if record is not None:
                self._check_usable(record, index, public=public)
                records.append((record, line.signature))
        seen: list[KeyRecord] = []
        for record, signature in records:
            if record in seen:
                raise LedgerError(LedgerCode.DUPLICATE, f"The key {record.name} stands under the note twice.")
            if not verify(record.vkey, note.text, signature):
                raise LedgerError(LedgerCode.BAD_SIGNATURE, f"The signature of {record.name} does not fit the text.")
            seen.append(record)
        if not seen:
            raise LedgerError(LedgerCode.UNKNOWN_KEY, "No key that is known here has signed the note.")
        return tuple(seen)

    def _check_usable(self, record: KeyRecord, index: int, *, public: bool) -> None:
        if record.purpose != (REGISTRY if public else "entry"):
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {record.name} is not one that signs this kind.")
        if not record.valid_at(index):
            since = f"from leaf {record.valid_from_index}"
            until = "" if record.revoked_at_index is None else f" to before leaf {record.revoked_at_index}"
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {record.name} signs {since}{until} only.")

    def _add(self, record: KeyRecord) -> KeyRecord:
        key = (record.vkey.name, record.vkey.key_id)
        # The same public key under a second name would let one signature pass as another's.
        if key in self._records or record.vkey.public_key in self._public_keys:
            raise LedgerError(LedgerCode.DUPLICATE, f"The key {record.name} is registered already.")
        self._records[key] = record
        self._public_keys.add(record.vkey.public_key)
        return record
