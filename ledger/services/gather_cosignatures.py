"""Ask witnesses to cosign the newest checkpoint, after it was signed, and keep and publish their lines.

Nothing waits for this: a witness that is away, slow or lying is one whose line is missing. What a verifier makes of
that is said by its own policy.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.core.audit_tree import CHECKPOINT
from ledger.core.errors import LedgerError
from ledger.core.merkle import consistency_proof
from ledger.core.note import Note, SignatureLine, VerifierKey
from ledger.core.policy import Policy
from ledger.core.witness import Request, read_cosignatures
from ledger.selectors.trust import witness_policy
from ledger.services import witness_client
from ledger.services.files import write_and_sync
from ledger.services.publish_files import WAIT_MS, public_folder
from ledger.services.witness_client import Answer
from ledger.sql import chain, cosignatures, leading, tree
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import APP

SECONDS = 10
_SKEW_SECONDS = 300
_TRIES = 3
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WitnessOutcome:
    """What asking one witness came to: how many lines were new, or the sentence why there is none."""

    url: str
    names: tuple[str, ...]
    added: int
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class GatherReport:
    """The size of the checkpoint, who has cosigned it by now, whether the quorum is met, and each witness asked."""

    size: int
    cosigned_by: tuple[str, ...]
    quorum_met: bool
    outcomes: tuple[WitnessOutcome, ...]


def gather_cosignatures(*, now: dt.datetime, seconds: int = SECONDS) -> GatherReport:
    """Ask every witness whose line is missing under the newest checkpoint, all at once, for at most `seconds`.

    `now` is the machine's own time: lines of another are refused. Raises `bad-policy`, `bad-key` for a file of
    witnesses that cannot be read; never because of a witness.
    """
    policy, signed = witness_policy(), chain.last_checkpoint(APP)
    if signed is None:
        return GatherReport(0, (), quorum_met=False, outcomes=())
    kept = {(line.name, line.key_id) for line in cosignatures.lines(APP, signed.size)}
    asked = [
        _Asked(url, keys, signed)
        for url, keys in _by_address(policy).items()
        if any((key.name, key.key_id) not in kept for key in keys.values())
    ]
    until = time.monotonic() + seconds
    while waiting := [item for item in asked if item.body is not None]:
        _post(waiting, until)
        for item in waiting:
            item.take_in(int(now.timestamp()), seconds)
    outcomes = tuple(item.outcome() for item in asked)
    (note,) = cosignatures.notes(APP, [signed])
    _publish(signed, note)
    cosigned = policy.cosigned_by(Note.parse(note))
    return GatherReport(signed.size, tuple(sorted(cosigned)), policy.is_met_by(cosigned), outcomes)


def _publish(signed: CheckpointRow, note: bytes) -> None:
    """Publish the lines, unless they are, or a larger tree is."""
    path = public_folder() / CHECKPOINT
    published = path.read_bytes() if path.exists() else b""
    if published == note or not published.startswith(signed.note):
        return
    with leading.leadership(WAIT_MS) as leader:
        newest = chain.last_checkpoint()
        if leader and newest is not None and newest.size == signed.size:
            write_and_sync(path, note)


def _by_address(policy: Policy) -> dict[str, dict[str, VerifierKey]]:
    # A witness with two keys stands in the policy twice, under one address.
    found: dict[str, dict[str, VerifierKey]] = {}
    for name, url in policy.urls.items():
        found.setdefault(url, {})[name] = policy.witnesses[name]
    return found


class _Asked:
    """One witness: what it is to be sent, what it answered, and the lines that hold."""

    def __init__(self, url: str, keys: dict[str, VerifierKey], signed: CheckpointRow) -> None:
        self.url = url
        self.body: bytes | None = None
        self.answer: Answer | Exception | None = None
        self._keys = keys
        self._signed = signed
        self._known: list[int] = []
        self._found: dict[VerifierKey, SignatureLine] = {}
        self._trouble: str | None = None
        self._prepare(cosignatures.newest_size(APP, [str(key) for key in keys.values()]))

    def take_in(self, now: int, seconds: int) -> None:
        """Judge the answer; where the witness knows another size, prepare to ask it again."""
        answer, self.answer, self.body = self.answer, None, None
        if isinstance(answer, Answer) and answer.size is not None and answer.size <= self._signed.size:
            if answer.size not in self._known and len(self._known) < _TRIES:
                self._prepare(answer.size)
            else:
                self._trouble = f"It says again and again that it knows another size, at last {answer.size}."
        elif isinstance(answer, Answer) and answer.lines:
            self._read(answer.lines, now - _SKEW_SECONDS, now + seconds + _SKEW_SECONDS)
        else:
            self._trouble = self._said(answer)

    def outcome(self) -> WitnessOutcome:
        """Keep the lines that hold, and tell."""
        added = cosignatures.keep(self._signed.size, self._found.items())
        if self._trouble is not None:
            log.warning("The witness at %s: %s", self.url, self._trouble)
        return WitnessOutcome(self.url, tuple(sorted(self._keys)), added, self._trouble)

    def _prepare(self, old: int) -> None:
        reader = tree.reader(APP, self._signed.size, self._signed.root)
        proof = consistency_proof(old, self._signed.size, reader.get_hash)
        self.body = Request(old, tuple(proof), self._signed.note).to_bytes()
        self._known.append(old)

    def _read(self, lines: bytes, earliest: int, latest: int) -> None:
        text = Note.parse(self._signed.note).text
        try:
            self._found = read_cosignatures(lines, text, self._keys.values(), earliest, latest)
        except LedgerError as error:
            self._trouble = error.sentence
        else:
            self._trouble = None if self._found else "It answered with lines of other keys than those it is known by."

    def _said(self, answer: Answer | Exception | None) -> str:
        if answer is None:
            return "It did not answer in time."
        if isinstance(answer, Exception):
            return f"It cannot be asked: {str(answer) or type(answer).__name__}."
        if answer.size is not None:
            return (
                f"It has cosigned {answer.size} entries of this log, more than the {self._signed.size} signed here: "
                "a newer checkpoint was signed meanwhile, or this database is older than what others hold."
            )
        return f"It does not cosign (status {answer.status})."


def _post(waiting: Sequence[_Asked], until: float) -> None:
    """Ask all of them at once, each in a thread that is left behind when the time is over."""
    threads = []
    for item in waiting:
        thread = threading.Thread(target=_post_one, args=[item, item.body, until], daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))


def _post_one(item: _Asked, body: bytes, until: float) -> None:
    try:
        item.answer = witness_client.post(item.url, body, int(max(0, until - time.monotonic())) + 1)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's answer leads to is that witness's trouble alone
        item.answer = error
