"""Who signs with which key, and from which leaf to which: built from the public `key` entries, rooted in one key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ledger.core.entry import Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note, VerifierKey
from ledger.core.rules import REGISTRY

RECOVERY = "recovery"
_ENTRY = "entry"
# Whose purposes may stand under an entry that is public, and under all others.
_PUBLIC = frozenset({REGISTRY, RECOVERY, _ENTRY})
_CONFIDENTIAL = frozenset({_ENTRY})
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
    # What it signed from this leaf up to its revocation is disputed.
    compromised_since: int | None = None

    @property
    def name(self) -> str:
        """The key's name, as it stands under what it signs."""
        return self.vkey.name

    def valid_at(self, index: int) -> bool:
        """Whether the key may sign the entry at leaf `index`."""
        return self.valid_from_index <= index and (self.revoked_at_index is None or index < self.revoked_at_index)


class KeyRegistry:
    """The keys of one book: starts from the registry's root key, grows by `apply`, one `key` entry after the other.

    The registry signs every public entry. Once a party has a recovery key, each further `key` entry about that party is
    signed by it too: with a recovery key, or with an entry key where no recovery key is registered or revoked. A key is
    registered once, under one name, and revoked once. A revocation may say since which leaf the key was compromised:
    what it signed from there on is disputed, until the party reaffirms it with another key.
    """

    def __init__(self, root: VerifierKey) -> None:
        self._recovery: dict[str, set[tuple[str, bytes]]] = {}
        self._records: dict[tuple[str, bytes], KeyRecord] = {}
        self._public_keys: set[bytes] = set()
        self._records[root.name, root.key_id] = KeyRecord(root, REGISTRY, REGISTRY, "held", 0)
        self._public_keys.add(root.public_key)

    def __iter__(self) -> Iterator[KeyRecord]:
        return iter(self._records.values())

    def find(self, name: str, key_id: bytes) -> KeyRecord | None:
        """Return the record of a key, valid or not."""
        return self._records.get((name, key_id))

    def check(self, entry: Entry, signed: Iterable[KeyRecord], index: int) -> None:
        """Raise unless `apply` can take in the `key` entry at leaf `index`, and its party agrees where it must.

        `signed` are the keys under it. Raises as `apply`, and `missing-signature` or `key-not-valid`.
        """
        subject = self._subject(entry, index)
        party, purposes = subject.party, {record.purpose for record in signed if record.party == subject.party}
        if any(record.party not in (party, REGISTRY) for record in signed):
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"Nobody but {party} and the registry signs for its keys.")
        consenting = {RECOVERY} if subject.purpose == RECOVERY else {RECOVERY, _ENTRY}
        if self._recovery.get(party) and not purposes & consenting:
            wanted = "recovery key" if subject.purpose == RECOVERY else "recovery key, or an entry key of it"
            raise LedgerError(
                LedgerCode.MISSING_SIGNATURE,
                f"{party} has a recovery key, so an entry about its keys needs the signature of its {wanted}.",
            )

    def apply(self, entry: Entry, index: int) -> KeyRecord:
        """Take in the `key` entry at leaf `index` and return the key as it is from then on.

        A registered key is valid from the next leaf, a revoked one no more. Raises `duplicate` for a key or a name that
        is registered, `unknown-key` or `key-not-valid` when revoking.
        """
        kind_of(entry).check(entry)
        record = self._subject(entry, index)
        key = (record.vkey.name, record.vkey.key_id)
        self._records[key] = record
        self._public_keys.add(record.vkey.public_key)
        if record.purpose == RECOVERY:
            held = self._recovery.setdefault(record.party, set())
            held.add(key) if record.revoked_at_index is None else held.discard(key)
        return record

    def disputing(self, note: Note, index: int) -> frozenset[str]:
        """Return the parties for whom the entry at `index` is in doubt: a key under it was compromised by then.

        Whether they have reaffirmed it since is not looked at.
        """
        found = (self._records.get((line.name, line.key_id)) for line in note.signatures)
        return frozenset(
            record.party
            for record in found
            if record is not None
            and record.compromised_since is not None
            and record.compromised_since <= index
            and record.valid_at(index)
        )

    def signed(
        self, note: Note, index: int, *, public: bool = False, verify: Verify = verifies
    ) -> tuple[KeyRecord, ...]:
        """Return the keys, valid at leaf `index`, that signed `note`, in the order of its lines.

        Public entries are signed by registry keys, and those about keys by entry and recovery keys beside them; all
        others by entry keys. Lines of keys that are not registered are ignored. Raises `key-not-valid` where the note
        carries the signature of a key out of its time or purpose, `duplicate`, `bad-signature`, or `unknown-key` where
        no key known here has signed.
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
        if record.purpose not in (_PUBLIC if public else _CONFIDENTIAL):
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {record.name} is not one that signs this kind.")
        if not record.valid_at(index):
            since = f"from leaf {record.valid_from_index}"
            until = "" if record.revoked_at_index is None else f" to before leaf {record.revoked_at_index}"
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {record.name} signs {since}{until} only.")

    def _subject(self, entry: Entry, index: int) -> KeyRecord:
        # The key that the entry is about, as it is after it.
        details = entry.details
        vkey = VerifierKey.parse(details["vkey"])
        found = self.find(vkey.name, vkey.key_id)
        if details["action"] == "register":
            # The same public key under a second name would let one signature pass as another's.
            if found is not None or vkey.public_key in self._public_keys:
                raise LedgerError(LedgerCode.DUPLICATE, f"The key {vkey.name} is registered already.")
            return KeyRecord(vkey, details["party"], details["purpose"], details["custody"], index + 1)
        if found is None or found.vkey != vkey:
            raise LedgerError(LedgerCode.UNKNOWN_KEY, f"The key {vkey.name} to be revoked was never registered.")
        if found.revoked_at_index is not None:
            raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {vkey.name} is revoked already.")
        since = details.get("compromised_since_index")
        if since is not None and (since > index or found.purpose not in (_ENTRY, RECOVERY)):
            raise LedgerError(
                LedgerCode.BAD_FIELD,
                f"A party's key may be compromised since a leaf up to {index}, that of its revocation; {vkey.name} is "
                f"one for {found.purpose} and the leaf named is {since}.",
            )
        return replace(found, revoked_at_index=index, compromised_since=since)
