"""C2SP tlog-witness: what a log asks of a witness, and what a witness checks before it cosigns. No I/O, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import HASH_BYTES, verify_consistency
from ledger.core.note import MAX_NOTE_BYTES, Note, SignatureLine, VerifierKey, decode_base64, encode_base64

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_PROOF = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4_000  # 63 hashes of 45 bytes, and the old size
MAX_ANSWER_BYTES = MAX_NOTE_BYTES
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")
_TIME_BYTES = 8

BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE = 400, 403, 404, 409, 422


class RefusedError(Exception):
    """A witness does not cosign: the HTTP status, the sentence, and with a 409 the size that it has cosigned."""

    def __init__(self, status: int, sentence: str, size: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.size = size


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint to be cosigned, and the proof that it extends the one of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """Return the body of the POST."""
        lines = "".join(f"{encode_base64(item)}\n" for item in self.proof)
        return f"old {self.old}\n{lines}\n".encode() + self.note

    @classmethod
    def parse(cls, body: bytes) -> Request:
        """Read a body; raises RefusedError 400. The note is not looked at."""
        head, gap, note = body.partition(b"\n\n")
        first, *rest = head.split(b"\n")
        old = _OLD.fullmatch(first)
        try:
            proof = tuple(decode_base64(line.decode("ascii")) for line in rest)
        except ValueError:
            proof = (b"",)
        if not gap or old is None or len(proof) > MAX_PROOF or any(len(item) != HASH_BYTES for item in proof):
            raise RefusedError(BAD_REQUEST, "The request is not an old size, a proof, an empty line and a checkpoint.")
        return cls(int(old[1]), proof, note)


def open_request(request: Request, log_keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that one of `log_keys` has signed; raises RefusedError 400, 403 or 404."""
    try:
        note = Note.parse(request.note)
        checkpoint = Checkpoint.parse(note.text)
    except LedgerError as error:
        raise RefusedError(BAD_REQUEST, error.sentence) from None
    keys = [key for key in log_keys if key.name == checkpoint.origin]
    if not keys:
        raise RefusedError(NOT_FOUND, "This log is not one that is witnessed here.")
    try:
        note.verify(keys)
    except LedgerError as error:
        raise RefusedError(FORBIDDEN, error.sentence) from None
    if request.old > checkpoint.size:
        raise RefusedError(BAD_REQUEST, f"A checkpoint of {checkpoint.size} leaves cannot extend {request.old}.")
    return checkpoint


def check_growth(request: Request, checkpoint: Checkpoint, size: int, root: bytes) -> None:
    """Raise RefusedError 409 or 422 unless `checkpoint` extends the tree cosigned last, of `size` leaves and `root`."""
    if request.old != size:
        raise RefusedError(CONFLICT, f"The checkpoint cosigned last has {size} leaves, not {request.old}.", size)
    if checkpoint.size == size and checkpoint.root != root:
        raise RefusedError(CONFLICT, f"Another tree of {size} leaves was cosigned.", size)
    if not size:
        if request.proof:
            raise RefusedError(UNPROCESSABLE, "Nothing has to be proven of a tree that extends none.")
        return
    try:
        verify_consistency(size, checkpoint.size, root, checkpoint.root, request.proof)
    except LedgerError as error:
        raise RefusedError(UNPROCESSABLE, error.sentence) from None


def read_cosignatures(
    answer: bytes, text: bytes, keys: Iterable[VerifierKey], earliest: int, latest: int
) -> dict[VerifierKey, SignatureLine]:
    """Return those lines of a witness's answer that are cosignatures by `keys` over the checkpoint `text`.

    Lines of other keys are passed over. Raises `malformed` for what are no lines, `bad-signature` for a line of one of
    `keys` that does not hold, stands twice, or is of a time not between `earliest` and `latest`, seconds since 1970.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[VerifierKey, SignatureLine] = {}
    try:
        lines = [SignatureLine.parse(line) for line in answer.decode("utf-8").split("\n")[:-1]]
    except UnicodeDecodeError:
        raise LedgerError(LedgerCode.MALFORMED, "The witness's answer is not UTF-8.") from None
    for line in lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if key in found or not key.verifies(text, line.signature):
            raise LedgerError(LedgerCode.BAD_SIGNATURE, f"The cosignature of {key.name} does not fit the checkpoint.")
        seconds = cosigned_at(line)
        if not earliest <= seconds <= latest:
            raise LedgerError(LedgerCode.BAD_SIGNATURE, f"The cosignature of {key.name} is of another time: {seconds}.")
        found[key] = line
    return found


def cosigned_at(line: SignatureLine) -> int:
    """Return the time of a cosignature that was verified, in seconds since 1970."""
    return int.from_bytes(line.signature[:_TIME_BYTES], "big")
