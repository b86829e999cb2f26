"""The audit: a sound export holds at every depth; one flipped byte anywhere is found, and the right entry named."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import balances as balance_file
from ledger.core import entry as entries
from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.audit import Audit, Depth, Report, Trust
from ledger.core.audit_open import Left
from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, encode_base64
from ledger.core.proof import Proof, encode_extra
from tests.ledger.builder import Book, account, loop_book, moved, rewritten, signer

BOOK = loop_book()
FILES = BOOK.export()
TRUST = Trust(BOOK.policy, BOOK.registry_key.vkey)
BOOK_TIME = "2024-01-01T00:00:00Z"


def audit(
    files: dict[str, bytes], depth: Depth = Depth.FULL, party: str | None = None, trust: Trust = TRUST, **options
) -> Report:
    run = Audit(files.get, trust, depth, party, **options)
    for _ in run.run():
        pass
    return run.report


def refused(files: dict[str, bytes], depth: Depth = Depth.FULL, party: str | None = None) -> LedgerError:
    with pytest.raises(LedgerError) as error:
        audit(files, depth, party)
    return error.value


def flipped(path: str, at: int, bit: int = 0x01, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    data = bytearray(files[path])
    data[at] ^= bit
    return files | {path: bytes(data)}


def index_of(kind: str) -> int:
    return next(index for index, entry in enumerate(BOOK.entries) if entry.kind == kind)


def test_a_sound_export_holds_in_full():
    report = audit(FILES)
    assert (report.size, report.leaves, report.entries, report.keys) == (30, 30, 30, 5)
    assert encode_base64(bytes.fromhex(report.root)) == BOOK.checkpoint().split(b"\n")[2].decode()
    assert report.elements == {"Co": 9_000_000, "Ni": 9_000_000}
    assert report.accounts == len(BOOK.heads)
    assert report.balances == sum(1 for balance in BOOK.balances.values() if balance)


def test_anybody_can_check_the_tree_and_the_public_entries():
    report = audit(BOOK.tree_files(), Depth.TREE)
    assert (report.leaves, report.entries, report.signatures) == (30, 5, 5)
    assert report.elements == {}


@pytest.mark.parametrize("party", ["lessor", "cellmaker", "operator", "recycler"])
def test_a_party_checks_its_entries_and_accounts(party):
    report = audit(BOOK.export(party), Depth.PARTY, party)
    assert report.party == party
    mine = [entry for entry in BOOK.entries if party in entries.readers(entry)]
    assert report.entries == len(mine) + 5


@pytest.mark.parametrize("party", ["cellmaker", "operator", "recycler"])
def test_a_party_sees_nothing_of_the_others(party):
    files = BOOK.export(party)
    hidden = [n for n, entry in enumerate(BOOK.entries) if f"entries/{n}.note" not in files]
    assert hidden
    assert all(party not in entries.readers(BOOK.entries[n]) for n in hidden)
    for n in hidden:
        line = BOOK.notes[n].split(b"\n")[1]
        assert not any(line in data for data in files.values())


def test_an_empty_book_holds():
    book = Book()
    report = audit(book.export(), trust=Trust(book.policy, book.registry_key.vkey))
    assert (report.size, report.tiles, report.entries) == (0, 0, 0)


@pytest.mark.parametrize("index", range(BOOK.size))
@pytest.mark.parametrize("name", ["note", "seal", "leaf", "tlog-proof"])
def test_a_flipped_byte_of_an_entrys_file_names_the_entry(index, name):
    path = f"entries/{index}.{name}"
    for at in range(0, len(FILES[path]), max(1, len(FILES[path]) // 12)):
        error = refused(flipped(path, at))
        assert error.index == index, (path, at, error.sentence)
        assert f"ntry {index}" in error.sentence


def test_a_changed_text_is_told_from_a_changed_seal():
    index = index_of("lease-out")
    path = f"entries/{index}.note"
    at = FILES[path].index(b"5000000")
    error = refused(flipped(path, at))
    assert error.code is LedgerCode.BAD_SIGNATURE
    assert error.sentence.startswith(f"Entry {index} was changed after signing: The signature of ")
    path = f"entries/{index}.seal"
    error = refused(flipped(path, FILES[path].index(b'"4000000"') + 1))
    assert error.code is LedgerCode.BAD_LEAF
    assert error.sentence.startswith(f"Entry {index} was changed after it was sealed")


@pytest.mark.parametrize("index", range(BOOK.size))
def test_a_flipped_byte_of_a_tile_names_the_entry(index):
    (path,) = [path for path in FILES if path.startswith("tile/0/")]
    for at in (index * 32, index * 32 + 31):
        error = refused(flipped(path, at), Depth.TREE)
        assert (error.code, error.index) == (LedgerCode.BAD_TILE, index)
        assert error.sentence.startswith(f"Entry {index} was changed in the log")


@pytest.mark.parametrize("index", range(BOOK.size))
def test_a_flipped_byte_of_a_leaf_in_the_log_names_the_entry(index):
    (path,) = [path for path in FILES if path.startswith("tile/entries/")]
    begin = FILES[path].index(BOOK.leaves[index])
    for at in (begin, begin + len(BOOK.leaves[index]) - 1):
        error = refused(flipped(path, at), Depth.TREE)
        assert (error.code, error.index) == (LedgerCode.BAD_LEAF, index)
        assert error.sentence.startswith(f"Entry {index} was changed in the log")


def test_every_flipped_byte_of_the_checkpoint_is_found():
    for at in range(len(FILES["checkpoint"])):
        error = refused(flipped("checkpoint", at), Depth.TREE)
        assert error.sentence.startswith("The checkpoint cannot be trusted")


def test_a_changed_balance_names_the_account_and_its_last_entry():
    declared = dict(BOOK.balances)
    stock = account("lessor", "cellmaker")
    last = max(n for n, entry in enumerate(BOOK.entries) if stock in {leg.account for leg in entry.legs})
    declared[stock] += 1
    error = refused(FILES | {"balances.json": balance_file.encode(BOOK.origin, BOOK.size, declared)})
    assert (error.code, error.index) == (LedgerCode.BAD_BALANCE, last)
    assert f"The balance of {stock} is given as {declared[stock]} mg" in error.sentence
    del declared[stock]
    error = refused(FILES | {"balances.json": balance_file.encode(BOOK.origin, BOOK.size, declared)})
    assert error.index == last
    invented = BOOK.balances | {account("nobody", "nobody"): 1}
    error = refused(FILES | {"balances.json": balance_file.encode(BOOK.origin, BOOK.size, invented)})
    assert "no entry touches that account" in error.sentence


def test_balances_of_another_size_or_book_are_refused():
    for origin, size in ((BOOK.origin, BOOK.size - 1), ("other/book", BOOK.size)):
        error = refused(FILES | {"balances.json": balance_file.encode(origin, size, BOOK.balances)})
        assert error.code is LedgerCode.BAD_BALANCE
        assert "not of this tree" in error.sentence


def test_a_flipped_bit_of_the_balances_is_found():
    for at in (*range(0, len(FILES["balances.json"]), 41), len(FILES["balances.json"]) - 1):
        assert refused(flipped("balances.json", at)).code in {
            *(LedgerCode.BAD_BALANCE, LedgerCode.MALFORMED, LedgerCode.NOT_CANONICAL),
        }


@given(st.sampled_from(sorted(set(FILES) - {"policy", "registry.vkey"})), st.data())
def test_no_flipped_bit_anywhere_goes_unseen(path, data):
    at = data.draw(st.integers(0, len(FILES[path]) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    refused(flipped(path, at, bit))


@given(st.sampled_from(sorted(set(FILES) - {"policy", "registry.vkey"})), st.binary(max_size=40), st.data())
def test_whatever_stands_in_a_file_is_refused_and_never_a_crash(path, garbage, data):
    whole = FILES[path]
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    changed = whole[:begin] + garbage + whole[end:]
    if changed != whole:
        refused(FILES | {path: changed})


def test_a_full_audit_misses_an_entry_that_is_not_there():
    for name in ("note", "seal", "tlog-proof"):
        index = index_of("title")
        files = {path: data for path, data in FILES.items() if path != f"entries/{index}.{name}"}
        error = refused(files)
        assert (error.code, error.index) == (LedgerCode.MISSING_FILE, index)


def test_a_party_notices_an_entry_kept_from_it():
    files = BOOK.export("operator")
    # The swap is followed by other entries of the operator's accounts, so its absence leaves a gap.
    hidden = index_of("exchange")
    kept = {path: data for path, data in files.items() if not path.startswith(f"entries/{hidden}.")}
    error = refused(kept, Depth.PARTY, "operator")
    assert error.code is LedgerCode.BROKEN_CHAIN
    assert error.index is not None
    assert error.index > hidden
    assert "missing or out of order" in error.sentence
    audit(kept, Depth.PARTY, None)


def test_missing_files_are_named():
    for path in [path for path in FILES if path.startswith("tile/")]:
        files = {each: data for each, data in FILES.items() if each != path}
        assert path in refused(files, Depth.TREE).sentence
    assert "checkpoint is missing" in refused({}, Depth.TREE).sentence


def test_files_of_two_entries_cannot_be_swapped():
    one, other = index_of("ship"), index_of("title")
    for name in ("note", "seal", "leaf", "tlog-proof"):
        mixed = FILES | {f"entries/{one}.{name}": FILES[f"entries/{other}.{name}"]}
        assert refused(mixed).index == one


def test_a_proof_with_another_nonce_or_time_is_refused():
    confidential, public = index_of("ship"), index_of("notice")
    for index, extra in (
        (confidential, encode_extra(BOOK_TIME, b"n" * 32)),
        (confidential, encode_extra("2030-01-01T00:00:00Z", BOOK.nonces[confidential])),
        (confidential, encode_extra(BOOK_TIME, None)),
        (public, encode_extra(BOOK_TIME, b"n" * 32)),
        (public, encode_extra("2030-01-01T00:00:00Z", None)),
        (public, None),
    ):
        path = f"entries/{index}.tlog-proof"
        changed = replace(Proof.parse(FILES[path]), extra=extra).to_bytes()
        assert refused(FILES | {path: changed}).index == index


def test_a_proof_from_a_longer_log_is_refused():
    longer = loop_book()
    longer.append(longer.entry("notice", reason="A later entry."))
    index = index_of("ship")
    error = refused(FILES | {f"entries/{index}.tlog-proof": longer.proof(index)})
    assert (error.code, error.index) == (LedgerCode.BAD_PROOF, index)
    assert "not one of this tree's past" in error.sentence


def test_an_entry_that_is_taken_back_is_read_again_as_it_was():
    index, reads = index_of("reversal") - 1, []
    assert BOOK.ids[index].hex() == BOOK.entries[index + 1].corrects

    def shifty(path: str) -> bytes | None:
        reads.append(path)
        again = reads.count(path) > 1 and path == f"entries/{index}.note"
        return FILES[f"entries/{index_of('title')}.note"] if again else FILES.get(path)

    with pytest.raises(LedgerError, match="is not in this book") as error:
        list(Audit(shifty, TRUST, Depth.FULL).run())
    assert error.value.index == index + 1


def test_an_adjustment_may_correct_what_was_taken_back():
    book = loop_book()
    own = account("lessor", "lessor")
    corrects = book.entries[index_of("reversal")].corrects
    legs = moved(own, own._replace(state="loss"), 5)
    book.append(book.entry("adjustment", legs, reason="Counted again.", corrects=corrects))
    assert audit(book.export()).entries == 31


def test_a_report_is_only_given_at_the_end():
    run = Audit(FILES.get, TRUST, Depth.TREE)
    next(run.run())
    with pytest.raises(LedgerError):
        _ = run.report


class TestDishonestOperator:
    """An operator who rewrites the past and signs the result again is still found by what the parties signed."""

    def book(self) -> Book:
        return loop_book()

    def refused(self, book: Book) -> LedgerError:
        return refused(book.export())

    def test_a_changed_text(self):
        book = self.book()
        index = index_of("lease-out")
        note = Note.parse(book.notes[index])
        text = note.text.replace(b"5000000", b"4000000")
        book.notes[index] = Note(text, note.signatures).to_bytes()
        book.reseal(index)
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BAD_SIGNATURE, index)

    def test_a_changed_balance_in_a_seal(self):
        book = self.book()
        index = index_of("lease-out")
        book.seals[index] = book.seals[index].replace(b'"4000000"', b'"4000001"')
        book.reseal(index)
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BAD_BALANCE, index)
        assert "leaves Ni of lessor at lessor (stock, lot lot-1) at 4000001 mg by its seal" in error.sentence

    def test_a_changed_prev_in_a_seal(self):
        book = self.book()
        index = index_of("lease-out")
        prev = book.ids[index - 1].hex().encode()
        assert prev in book.seals[index]
        book.seals[index] = book.seals[index].replace(prev, b"ab" * 32)
        book.reseal(index)
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BROKEN_CHAIN, index)

    def test_a_seal_of_another_index_or_time(self):
        for old, new in ((b'"index":%d', b'"index":%d1'), (b":%02d:00Z", b":%02d:01Z")):
            book = self.book()
            index = index_of("ship")
            assert old % index in book.seals[index]
            book.seals[index] = book.seals[index].replace(old % index, new % index)
            book.reseal(index)
            error = self.refused(book)
            assert (error.code, error.index) == (LedgerCode.BAD_SEAL, index)

    def test_a_missing_signature(self):
        book = self.book()
        index = index_of("lease-out")
        note = Note.parse(book.notes[index])
        for kept in note.signatures:
            book.notes[index] = Note(note.text, (kept,)).to_bytes()
            book.reseal(index)
            error = self.refused(book)
            assert (error.code, error.index) == (LedgerCode.MISSING_SIGNATURE, index)

    def test_an_entry_recorded_twice(self):
        book = self.book()
        first = index_of("receive")
        again = book.append_note(book.notes[first])
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.DUPLICATE, again)
        assert f"entry {first} over again" in error.sentence

    def test_an_entry_of_another_book(self):
        book = self.book()
        entry = rewritten(book.entry("statement", parties=("lessor",), documents={"a": "00" * 32}), book="other/book")
        index = book.append(entry)
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.WRONG_BOOK, index)

    def test_a_revoked_key(self):
        book = self.book()
        book.revoke(book.signers["lessor"])
        index = book.append(book.entry("statement", parties=("lessor",), documents={"a": "00" * 32}))
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.KEY_NOT_VALID, index)

    def test_an_entry_that_breaks_its_rule(self):
        book = self.book()
        stolen = moved(account("lessor", "cellmaker"), account("cellmaker", "cellmaker"), 1)
        index = book.append(book.entry("lease-out", stolen, contract="LEASE-1"), ["lessor", "cellmaker"])
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BAD_LEG, index)

    def test_an_entry_that_does_not_balance(self):
        book = self.book()
        legs = net_legs((*move(account("lessor", "lessor"), account("lessor", "lessor", "loss"), 5),))
        unbalanced = (legs[0]._replace(mass_mg=legs[0].mass_mg + 1), legs[1])
        entry = book.entry("adjustment", unbalanced, reason="x", reference="y")
        note = book.sign(entry)
        # Sealing refuses it, so the operator writes the seal by hand.
        with pytest.raises(LedgerError):
            book.append_note(note)
        lines = []
        for leg in sorted(unbalanced):
            head = book.heads.get(leg.account)
            seq, prev, before = (0, None, 0) if head is None else (head.seq + 1, head.entry_id, head.balance_mg)
            lines.append(seals.SealLine(leg.account, seq, prev, before + leg.mass_mg))
        seal = seals.Seal(book.size, book.time(), tuple(lines))
        index = forge(book, entry, note, seal)
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.UNBALANCED, index)

    def test_an_account_below_zero(self):
        book = self.book()
        empty = account("lessor", "lessor", lot="never-used")
        entry = book.entry("adjustment", moved(empty, account("lessor", "lessor"), 5), reason="x", reference="y")
        head = book.heads[account("lessor", "lessor")]
        lines = (
            seals.SealLine(account("lessor", "lessor"), head.seq + 1, head.entry_id, head.balance_mg + 5),
            seals.SealLine(empty, 0, None, -5),
        )
        seal = seals.Seal(book.size, book.time(), tuple(sorted(lines, key=lambda line: line.account)))
        index = forge(book, entry, book.sign(entry), seal)
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.INSUFFICIENT, index)
        assert "at -5 mg, below zero" in error.sentence

    def test_a_second_reversal_of_the_same_entry(self):
        book = self.book()
        index = book.append(rewritten(book.entries[index_of("reversal")], nonce="again"))
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BAD_CORRECTION, index)
        assert "taken back before" in error.sentence

    def test_a_correction_of_nothing(self):
        book = self.book()
        legs = moved(account("lessor", "lessor"), account("lessor", "lessor", "loss"), 5)
        index = book.append(book.entry("adjustment", legs, reason="x", corrects="ab" * 32))
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BAD_CORRECTION, index)

    def test_a_fork(self):
        book, other = self.book(), self.book()
        other.append(other.entry("notice", reason="Only some see this."))
        book.append(book.entry("notice", reason="Others see that."))
        index = index_of("ship")
        # A proof that the log gave under its other tree, of the same size.
        files = book.export() | {f"entries/{index}.tlog-proof": other.proof(index)}
        error = refused(files)
        assert (error.code, error.index) == (LedgerCode.FORK, index)

    def test_a_key_that_signed_before_it_was_registered(self):
        book = Book()
        late = signer("late.example/entry/1")
        book.signers["late"] = late
        index = book.append(book.entry("statement", parties=("late",), documents={"a": "00" * 32}))
        book.register("late", name="late.example/entry/1")
        files = book.export()
        with pytest.raises(LedgerError) as error:
            audit(files, trust=Trust(book.policy, book.registry_key.vkey))
        assert (error.value.code, error.value.index) == (LedgerCode.UNKNOWN_KEY, index)

    def test_keys_registered_by_nobody(self):
        book = self.book()
        with pytest.raises(LedgerError) as error:
            audit(book.export(), trust=Trust(book.policy, signer("another/registry").vkey))
        assert error.value.index == 0

    def test_a_seal_over_other_accounts(self):
        for old, new in ((b'"lot":"lot-1"', b'"lot":"lot-0"'), (b'"state":"transit"', b'"state":"scrap"')):
            book = self.book()
            index = index_of("ship")
            assert old in book.seals[index]
            book.seals[index] = book.seals[index].replace(old, new)
            book.reseal(index)
            error = self.refused(book)
            assert (error.code, error.index) == (LedgerCode.BAD_SEAL, index)

    def test_a_public_entry_behind_a_commitment(self):
        book = self.book()
        index = index_of("notice")
        book.nonces[index] = b"n" * 32
        commit = leaves.commitment(b"n" * 32, book.notes[index], book.seals[index])
        book.leaves[index] = leaves.encode_confidential(commit, leaves.decode(book.leaves[index]).time)
        assert self.refused(book).index == index

    def test_a_statement_of_the_registry_that_stands_readable(self):
        book = self.book()
        statement = book.entry("statement", parties=("registry",), documents={"a": "00" * 32})
        index = book.append(statement, ["registry"])
        book.nonces[index] = None
        book.leaves[index] = leaves.encode_public(leaves.decode(book.leaves[index]).time, book.notes[index])
        error = self.refused(book)
        assert (error.code, error.index) == (LedgerCode.BAD_LEAF, index)
        assert "does not stand readable" in error.sentence

    def test_a_confidential_entry_that_stands_readable(self):
        book = self.book()
        index = index_of("ship")
        book.nonces[index] = None
        book.leaves[index] = b"lode/public/v1\n" + book.leaves[index].split(b"\n")[2] + b"\n" + book.notes[index]
        assert refused(book.export()).index == index


def forge(book: Book, entry: entries.Entry, note: bytes, seal: seals.Seal) -> int:
    index, nonce = book.size, hashlib.sha256(b"forged").digest()
    text = entries.HEADER if note is None else note[: note.rindex(b"\n\n") + 1]
    book.entries.append(entry)
    book.notes.append(note)
    book.seals.append(seals.encode(seal))
    book.nonces.append(nonce)
    book.ids.append(entries.entry_id(text))
    book.leaves.append(leaves.encode_confidential(leaves.commitment(nonce, note, book.seals[index]), seal.time))
    book.heads.update(seals.heads_after(book.ids[index], seal))
    return index


def test_a_large_book_with_a_proof_from_its_past():
    book = Book()
    book.register("lessor")
    own = account("lessor", "lessor")
    for number in range(20):
        legs = moved(own._replace(state="source"), own, 1 + number)
        book.append(book.entry("receive", legs, reference=f"R-{number}"))
    early = {f"entries/{n}.tlog-proof": book.proof(n) for n in range(1, 21)}
    for number in range(280):
        legs = moved(own._replace(state="source"), own, 1 + number)
        book.append(book.entry("receive", legs, reference=f"S-{number}"))
    files = book.tree_files() | early
    for index in range(21):
        files |= {f"entries/{index}.note": book.notes[index], f"entries/{index}.seal": book.seals[index]}
    trust = Trust(book.policy, book.registry_key.vkey)
    report = audit(files, Depth.PARTY, "lessor", trust)
    assert (report.tiles, report.leaves, report.entries) == (3, 301, 21)
    broken = flipped("tile/1/000.p/1", 5, files=files)
    with pytest.raises(LedgerError, match=r"Entries 0 to 255: their hash in tile/1/000\.p/1") as error:
        audit(broken, Depth.TREE, None, trust)
    assert error.value.index == 0
    for at in (0, 255):
        with pytest.raises(LedgerError) as error:
            audit(flipped("tile/0/000", at * 32, files=files), Depth.TREE, None, trust)
        assert error.value.index == at


def test_entries_of_a_compromised_key_hold_and_are_named():
    book = loop_book()
    lessor = book.signers["lessor"]

    def statement(paper: str) -> int:
        return book.append(book.entry("statement", parties=("lessor",), documents={"a": paper * 64}))

    before, first, second, third = (statement(paper) for paper in "0123")
    details = {"action": "revoke", "vkey": str(lessor.vkey), "compromised_since_index": first}
    book.append(book.entry("key", details=details, reason="It was copied."))
    report = audit(book.export())
    assert report.disputed == {first: ("lessor",), second: ("lessor",), third: ("lessor",)}
    assert before not in report.disputed
    later = book.register("lessor", name="lessor.example/entry/2025a")
    stands = {"entries": sorted(book.ids[index].hex() for index in (first, third))}
    affirmed = book.append(book.entry("reaffirm", details=stands, parties=("lessor",)))
    assert audit(book.export()).disputed == {second: ("lessor",)}
    again = {"action": "revoke", "vkey": str(later.vkey), "compromised_since_index": affirmed}
    book.append(book.entry("key", details=again, reason="It was copied, too."))
    report = audit(book.export())
    assert report.disputed == dict.fromkeys((first, second, third, affirmed), ("lessor",))
    assert report == audit(book.export(), opening=look_closely)


def look_closely(plan):
    return ([Left.TO_LOOK_AT] * plan.size for _ in range(plan.tiles))


def test_what_was_verified_is_verified_again_where_it_reads_otherwise():
    index, reads = index_of("ship"), []
    path = f"entries/{index}.note"
    note = Note.parse(FILES[path])
    line = replace(note.signatures[0], signature=bytes(64))
    changed = Note(note.text, (line, *note.signatures[1:])).to_bytes()

    def shifty(asked: str) -> bytes | None:
        reads.append(asked)
        return changed if asked == path and reads.count(path) > 1 else FILES.get(asked)

    with pytest.raises(LedgerError) as error:
        list(Audit(shifty, TRUST, Depth.FULL).run())
    assert (error.value.code, error.value.index) == (LedgerCode.BAD_SIGNATURE, index)
    assert reads.count(path) == 2
