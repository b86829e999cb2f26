"""What an audit says of entries that a compromised key signed: they stand, and are marked until they are affirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ledger.core.book import Candidate, Reaffirmed, read
from ledger.core.errors import LedgerError
from ledger.core.leaf import PublicLeaf, decode
from ledger.core.note import Note, VerifierKey
from ledger.core.registry import KeyRegistry


def compromised_keys(public: Iterable[tuple[int, bytes]]) -> Mapping[tuple[str, bytes], int]:
    """Return, of the keys that some public leaf says were compromised, since which leaf.

    `public` are index and bytes of public leaves, of which nothing else is checked here.
    """
    found: dict[tuple[str, bytes], int] = {}
    for _, data in public:
        try:
            leaf = decode(data)
            details = read(leaf.note).entry.details if isinstance(leaf, PublicLeaf) else {}
            since = details.get("compromised_since_index")
            if isinstance(since, int) and isinstance(details.get("vkey"), str):
                key = VerifierKey.parse(details["vkey"])
                found[key.name, key.key_id] = since
        except LedgerError:
            return found  # the audit comes no further than this leaf
    return found


def is_doubtful(note: Note, index: int, compromised: Mapping[tuple[str, bytes], int]) -> bool:
    """Whether the note at leaf `index` carries a line of a key of `compromised`, from its leaf on."""
    return any(index >= compromised.get((line.name, line.key_id), index + 1) for line in note.signatures)


class Disputes:
    """Collects the entries in doubt, and who affirmed what; says at the end what is still disputed."""

    def __init__(self, compromised: Mapping[tuple[str, bytes], int]) -> None:
        self._compromised = compromised
        self._doubtful: list[tuple[int, bytes, Note]] = []
        self._last: dict[tuple[bytes, str], int] = {}

    def take_in(self, candidate: Candidate, index: int, reaffirmed: Iterable[Reaffirmed]) -> None:
        """Take in the entry at `index`, and what it affirms."""
        if self._compromised and is_doubtful(candidate.parsed, index, self._compromised):
            self._doubtful.append((index, candidate.entry_id, Note(b"", candidate.parsed.signatures)))
        for said in reaffirmed:
            self._last.update({(each, party): said.index for each in said.entry_ids for party in said.parties})

    def open(self, registry: KeyRegistry) -> dict[int, tuple[str, ...]]:
        """Return by leaf index the parties for whom the entry is disputed, given the keys at the end of the log."""
        disputing = {index: registry.disputing(note, index) for index, _, note in self._doubtful}
        found: dict[int, tuple[str, ...]] = {}
        for index, entry_id, _ in self._doubtful:
            for party in sorted(disputing[index]):
                by = self._last.get((entry_id, party))
                # The last word counts, unless it is itself in doubt.
                if by is None or party in disputing.get(by, ()):
                    found[index] = (*found.get(index, ()), party)
        return found
