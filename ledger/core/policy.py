"""C2SP tlog-policy: which logs, witnesses and quorum an auditor trusts.

The registry's root key is no part of a policy (C2SP leaves keys inside of entries out of scope): it is given beside it,
as one vkey line in the file `registry.vkey`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import COSIGNATURE_V1, ED25519, Note, VerifierKey

NONE = "none"
_MAX_LINES = 1000
_FORBIDDEN = (frozenset(range(0x20)) - {0x09, 0x0A}) | {0x7F}


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs; witnesses by name; groups by name as (threshold, members); and the name that must have witnessed.

    `urls` says where some of the witnesses are asked, by name; it is of use to a log alone and stands in no export.
    """

    logs: tuple[VerifierKey, ...]
    quorum: str
    witnesses: Mapping[str, VerifierKey] = field(default_factory=dict)
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict, compare=False)

    def log_for(self, origin: str) -> VerifierKey:
        """Return the log's key whose name is `origin`; raises `unknown-key`."""
        for key in self.logs:
            if key.name == origin:
                return key
        raise LedgerError(LedgerCode.UNKNOWN_KEY, f"The policy does not trust a log named {origin}.")

    def check_quorum(self, note: Note) -> frozenset[str]:
        """Return the names of witnesses that cosigned; raises `missing-signature` where the quorum is not met."""
        cosigned = self.cosigned_by(note)
        if not self.is_met_by(cosigned):
            raise LedgerError(
                LedgerCode.MISSING_SIGNATURE,
                f"The checkpoint is not cosigned as the policy's quorum {self.quorum} asks.",
            )
        return cosigned

    def cosigned_by(self, note: Note) -> frozenset[str]:
        """Return the names of witnesses that cosigned; raises `bad-signature`, `duplicate` for lines of theirs."""
        try:
            signed = set(note.verify(self.witnesses.values())) if self.witnesses else set()
        except LedgerError as error:
            if error.code is not LedgerCode.UNKNOWN_KEY:
                raise
            signed = set()
        return frozenset(name for name, key in self.witnesses.items() if key in signed)

    def is_met_by(self, cosigned: Iterable[str]) -> bool:
        """Say whether the quorum is met by these witnesses."""
        met = set(cosigned)
        # Groups name only what stands before them, so one pass in order decides all.
        for name, (threshold, members) in self.groups.items():
            if sum(member in met for member in members) >= threshold:
                met.add(name)
        return self.quorum == NONE or self.quorum in met

    def to_bytes(self) -> bytes:
        """Return the policy as a file."""
        lines = [f"log {key}" for key in self.logs]
        lines.extend(f"witness {name} {key}" for name, key in self.witnesses.items())
        lines.extend(f"group {name} {count} {' '.join(members)}" for name, (count, members) in self.groups.items())
        lines.append(f"quorum {self.quorum}")
        return "".join(f"{line}\n" for line in lines).encode("utf-8")


def parse(data: bytes) -> Policy:
    """Read a policy file; raises `bad-policy` naming the line, or `bad-key`."""
    reader = _Reader()
    lines = data.split(b"\n")
    if len(lines) > _MAX_LINES or set(data) & _FORBIDDEN:
        raise LedgerError(LedgerCode.BAD_POLICY, "The policy is too long or holds a control character.")
    for number, line in enumerate(lines, 1):
        try:
            # Octets above ASCII are opaque: names are compared as they are.
            words = line.decode("utf-8", "surrogateescape").replace("\t", " ").strip(" ").split(" ")
            reader.take([word for word in words if word])
        except LedgerError as error:
            raise LedgerError(error.code, f"Line {number} of the policy: {error.sentence}") from None
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.urls: dict[str, str] = {}
        self.quorum: str | None = None
        self._grouped: set[str] = set()

    def take(self, words: Sequence[str]) -> None:
        if not words or words[0].startswith("#"):
            return
        keyword, *rest = words
        if keyword == "log" and len(rest) in (1, 2):
            self._log(VerifierKey.parse(rest[0]))
        elif keyword == "witness" and len(rest) in (2, 3):
            self._witness(rest[0], VerifierKey.parse(rest[1]), *rest[2:])
        elif keyword == "group" and len(rest) >= 3:  # noqa: PLR2004 - name, threshold, one member
            self._group(rest[0], rest[1], tuple(rest[2:]))
        elif keyword == "quorum" and len(rest) == 1:
            self._quorum(rest[0])
        else:
            raise LedgerError(LedgerCode.BAD_POLICY, f"{' '.join(words)[:80]!r} is not a line of a policy.")

    def finish(self) -> Policy:
        if self.quorum is None:
            raise LedgerError(LedgerCode.BAD_POLICY, "The policy has no quorum line.")
        return Policy(tuple(self.logs), self.quorum, self.witnesses, self.groups, self.urls)

    def _log(self, key: VerifierKey) -> None:
        if key.public_key in {log.public_key for log in self.logs}:
            raise LedgerError(LedgerCode.BAD_POLICY, f"The log {key.name} stands twice.")
        if key.algorithm == COSIGNATURE_V1:
            raise LedgerError(LedgerCode.BAD_POLICY, f"The key of the log {key.name} is one for cosignatures.")
        self.logs.append(key)

    def _witness(self, name: str, key: VerifierKey, url: str | None = None) -> None:
        self._define(name)
        if key.public_key in {witness.public_key for witness in self.witnesses.values()}:
            raise LedgerError(LedgerCode.BAD_POLICY, f"The key of witness {name} stands twice.")
        if key.algorithm == ED25519:
            raise LedgerError(LedgerCode.BAD_POLICY, f"The key of witness {name} is not one for cosignatures.")
        self.witnesses[name] = key
        if url is not None:
            self.urls[name] = url

    def _group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._define(name)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise LedgerError(LedgerCode.BAD_POLICY, f"The group {name} names {member}, which is not defined yet.")
            if member in self._grouped:
                raise LedgerError(LedgerCode.BAD_POLICY, f"{member} is a member of two groups.")
            self._grouped.add(member)
        words = {"all": len(members), "any": 1}
        decimal = threshold.isascii() and threshold.isdecimal() and not threshold.startswith("0")
        count = words[threshold] if threshold in words else int(threshold) if decimal else 0
        if not 1 <= count <= len(members):
            raise LedgerError(LedgerCode.BAD_POLICY, f"The group {name} cannot ask for {threshold} of its members.")
        self.groups[name] = (count, members)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise LedgerError(LedgerCode.BAD_POLICY, "The policy has two quorum lines.")
        if name != NONE and name not in self.witnesses and name not in self.groups:
            raise LedgerError(LedgerCode.BAD_POLICY, f"The quorum names {name}, which is not defined.")
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise LedgerError(LedgerCode.BAD_POLICY, f"The name {name} is taken.")
