"""Keys are valid from one leaf to another, for one purpose, and belong to one party."""

from __future__ import annotations

import pytest

from ledger.core.entry import Entry, sign_entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note
from ledger.core.registry import KeyRegistry
from tests.ledger.builder import BOOK, DIGEST, account, moved, signer

ROOT = signer("registry")
ACME = signer("acme/1")
STOCK = account("acme", "acme")
ENTRY = Entry(
    "receive", BOOK, "n", "2024-01-02", moved(STOCK._replace(state="source"), STOCK, 5), documents={"d": DIGEST}
)


def registered(key=ACME, party="acme", purpose="entry") -> Entry:
    details = {"action": "register", "vkey": str(key.vkey), "party": party, "purpose": purpose, "custody": "held"}
    return Entry("key", BOOK, f"n-{key.name}", "2024-01-02", details=details)


def revoked(key=ACME) -> Entry:
    details = {"action": "revoke", "vkey": str(key.vkey)}
    return Entry("key", BOOK, "n-r", "2024-01-02", details=details, reason="Lost.")


def registry(*entries: tuple[Entry, int]) -> KeyRegistry:
    keys = KeyRegistry(ROOT.vkey)
    for entry, index in entries:
        keys.apply(entry, index)
    return keys


def signers(keys: KeyRegistry, entry: Entry, note: Note, index: int) -> frozenset[str]:
    """Check the signatures as the book does; return the parties that signed."""
    kind = kind_of(entry)
    parties = frozenset(record.party for record in keys.signed(note, index, public=kind.public))
    kind.check_signers(entry, parties)
    return parties


def code_of(action) -> LedgerCode:
    with pytest.raises(LedgerError) as refused:
        action()
    return refused.value.code


def test_a_key_signs_from_the_leaf_after_its_registration_to_before_its_revocation():
    keys = registry((registered(), 3), (revoked(), 7))
    note = sign_entry(ENTRY, [ACME])
    for index in (4, 5, 6):
        assert signers(keys, ENTRY, note, index) == {"acme"}
    for index in (0, 3, 7, 8):
        assert code_of(lambda index=index: signers(keys, ENTRY, note, index)) is LedgerCode.KEY_NOT_VALID


def test_the_registry_signs_public_entries_and_nothing_else():
    keys = registry((registered(), 0))
    notice = Entry("notice", BOOK, "n", "2024-01-02", reason="Hello.")
    assert signers(keys, notice, sign_entry(notice, [ROOT]), 0) == {"registry"}
    assert code_of(lambda: signers(keys, notice, sign_entry(notice, [ACME]), 1)) is LedgerCode.MISSING_SIGNATURE
    assert code_of(lambda: signers(keys, ENTRY, sign_entry(ENTRY, [ROOT]), 1)) is LedgerCode.KEY_NOT_VALID


def test_a_log_key_signs_no_entry():
    keys = registry((registered(purpose="log"), 0))
    assert code_of(lambda: signers(keys, ENTRY, sign_entry(ENTRY, [ACME]), 1)) is LedgerCode.KEY_NOT_VALID


def test_the_registry_can_hand_over_to_a_new_key():
    new = signer("registry/2")
    keys = registry((registered(new, "registry", "registry"), 0), (revoked(ROOT), 1))
    notice = Entry("notice", BOOK, "n", "2024-01-02", reason="Hello.")
    assert signers(keys, notice, sign_entry(notice, [new]), 2) == {"registry"}
    assert code_of(lambda: signers(keys, notice, sign_entry(notice, [ROOT]), 2)) is LedgerCode.KEY_NOT_VALID


def test_missing_wrong_and_unknown_signatures():
    other = signer("other/1")
    keys = registry((registered(), 0), (registered(other, "other"), 1))
    assert code_of(lambda: signers(keys, ENTRY, sign_entry(ENTRY, [other]), 2)) is LedgerCode.MISSING_SIGNATURE
    stranger = sign_entry(ENTRY, [signer("stranger")])
    assert code_of(lambda: signers(keys, ENTRY, stranger, 2)) is LedgerCode.UNKNOWN_KEY
    note = sign_entry(ENTRY, [ACME])
    forged = Note(note.text.replace(b'"5"', b'"6"'), note.signatures)
    assert code_of(lambda: signers(keys, ENTRY, forged, 2)) is LedgerCode.BAD_SIGNATURE
    both = sign_entry(ENTRY, [ACME, signer("stranger"), other])
    assert signers(keys, ENTRY, both, 2) == {"acme", "other"}


def test_a_key_is_registered_once_under_one_name():
    keys = registry((registered(), 0))
    assert code_of(lambda: keys.apply(registered(), 1)) is LedgerCode.DUPLICATE
    from ledger.core.note import SignerKey

    renamed = SignerKey("mallory/1", ACME.seed)
    assert code_of(lambda: keys.apply(registered(renamed, "mallory"), 1)) is LedgerCode.DUPLICATE
    keys.apply(revoked(), 2)
    assert code_of(lambda: keys.apply(registered(), 3)) is LedgerCode.DUPLICATE
    assert code_of(lambda: keys.apply(revoked(), 3)) is LedgerCode.KEY_NOT_VALID
    assert code_of(lambda: keys.apply(revoked(signer("stranger")), 3)) is LedgerCode.UNKNOWN_KEY


def test_records_tell_who_holds_the_key():
    keys = registry((registered(), 3))
    record = keys.find(ACME.name, ACME.vkey.key_id)
    assert record is not None
    assert (record.party, record.custody, record.valid_from_index) == ("acme", "held", 4)
    assert [each.name for each in keys] == ["registry", "acme/1"]
