"""A ledger entry: what the parties sign, as a value and as bytes.

The signed text is `lode/entry/v1`, a newline, one line of RFC 8785 JSON, a newline. Members that say nothing (no
contract, no documents ...) are left out and an empty one is refused, so that one meaning has one text.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn

from ledger.core.canonical_json import MAX_BYTES, dumps, loads_canonical
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, SignerKey, sign

HEADER = b"lode/entry/v1\n"
MAX_LEGS = 400
MAX_MASS_MG = 10**18 - 1  # a billion tonnes; balances of any book stay far inside a signed 64-bit column
_MAX_TEXT = 400
_IDENTIFIER = re.compile(r"[a-z0-9-]{1,40}")
_ELEMENT = re.compile(r"[A-Z][a-z]?(-[a-z]{1,12})?")
_NONCE = re.compile(r"[A-Za-z0-9._:/-]{1,80}")
_BREAK = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")  # the Unicode categories Cc, Zl and Zp
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MASS = re.compile(r"-?[1-9][0-9]{0,17}")
_HEX32 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z]+(-[a-z]+)*")


class State(StrEnum):
    """Where in its life the mineral is. `source`, `loss`, `unaccounted` and `exported` bound the ledger."""

    STOCK = "stock"
    TRANSIT = "transit"
    PROCESS = "process"
    PRODUCT = "product"
    SCRAP = "scrap"
    SOURCE = "source"
    LOSS = "loss"
    UNACCOUNTED = "unaccounted"
    EXPORTED = "exported"


class Account(NamedTuple):
    """What a balance is kept for: who owns, who holds, which element, in which state, in which lot."""

    owner: str
    holder: str
    element: str
    state: str
    lot: str

    def __str__(self) -> str:
        return f"{self.element} of {self.owner} at {self.holder} ({self.state}, lot {self.lot})"


class Leg(NamedTuple):
    """One movement: `mass_mg` is added to the account, so a debit is negative. Integer milligrams of the element."""

    owner: str
    holder: str
    element: str
    state: str
    lot: str
    mass_mg: int

    @property
    def account(self) -> Account:
        """The account that the leg moves."""
        return tuple.__new__(Account, self[:5])  # in half the time of Account(*self[:5])


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as its parties mean it.

    `book` is the origin of the one log that may carry it; `nonce` makes the text unique; `occurred` is the day in the
    world (YYYY-MM-DD); `parties` (sorted) read it beside those named in legs; `documents` maps a name to a SHA-256 in
    hex; `corrects` is the hex entry id that a reversal or adjustment puts right; `details` are the facts that the kind
    asks for.
    """

    kind: str
    book: str
    nonce: str
    occurred: str
    legs: tuple[Leg, ...] = ()
    parties: tuple[str, ...] = ()
    contract: str | None = None
    reference: str | None = None
    reason: str | None = None
    corrects: str | None = None
    documents: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def owners(self) -> frozenset[str]:
        """Every owner whose accounts the entry moves."""
        return frozenset(leg.owner for leg in self.legs)

    @property
    def holders(self) -> frozenset[str]:
        """Every holder whose accounts the entry moves."""
        return frozenset(leg.holder for leg in self.legs)


# The legs as canonical JSON has them: nothing in them needs an escape, so what matches is canonical as it stands.
_NAME, _MASS_MG = _IDENTIFIER.pattern, _MASS.pattern
_LEG_TEXT = (
    f'{{"element":"({_ELEMENT.pattern.replace("(", "(?:")})","holder":"({_NAME})","lot":"({_NAME})",'
    f'"mass_mg":"({_MASS_MG})","owner":"({_NAME})","state":"({"|".join(State)})"}}'
)
_LEG = re.compile(_LEG_TEXT)
_ANY_LEG = re.sub(r"\((?!\?)", "(?:", _LEG_TEXT)
_BEFORE_LEGS = '"legs":['
_LEGS = re.compile(f"{re.escape(_BEFORE_LEGS)}({_ANY_LEG}(?:,{_ANY_LEG})*)\\]")
_MEMBERS = frozenset(Entry.__dataclass_fields__)
_REQUIRED = frozenset({"kind", "book", "nonce", "occurred"})
_LEG_MEMBERS = frozenset(Leg._fields)


def encode(entry: Entry) -> bytes:
    """Return the signed text of `entry`; raises as `decode` does, so nothing is written that could not be read."""
    members: dict[str, Any] = {
        "kind": entry.kind,
        "book": entry.book,
        "nonce": entry.nonce,
        "occurred": entry.occurred,
        "legs": [{**leg._asdict(), "state": str(leg.state), "mass_mg": str(leg.mass_mg)} for leg in entry.legs],
        "parties": list(entry.parties),
        "contract": entry.contract,
        "reference": entry.reference,
        "reason": entry.reason,
        "corrects": entry.corrects,
        "documents": dict(entry.documents),
        "details": dict(entry.details),
    }
    said = {name: value for name, value in members.items() if value is not None and value not in ([], {})}
    text = HEADER + dumps(said) + b"\n"
    decode(text)
    return text


def decode(text: bytes) -> Entry:
    """Read a signed text strictly.

    Raises `malformed` for another first line or shape, `not-canonical`, `too-large`, `bad-leg`, `bad-field`.
    """
    line = text[len(HEADER) : -1]
    if not text.startswith(HEADER) or not text.endswith(b"\n") or b"\n" in line:
        raise LedgerError(LedgerCode.MALFORMED, "The text is not `lode/entry/v1` and one line of JSON.")
    value = _members(line)
    if not isinstance(value, dict):
        raise LedgerError(LedgerCode.MALFORMED, "The entry is not a JSON object.")
    _check_members(value)
    return Entry(
        kind=_match("kind", value["kind"], _KIND),
        book=_text("book", value["book"]),
        nonce=_match("nonce", value["nonce"], _NONCE),
        occurred=check_day("occurred", value["occurred"]),
        legs=_legs(value.get("legs", [])),
        parties=_parties(value.get("parties", [])),
        contract=_optional_text("contract", value),
        reference=_optional_text("reference", value),
        reason=_optional_text("reason", value),
        corrects=_match("corrects", value["corrects"], _HEX32) if "corrects" in value else None,
        documents=_documents(value.get("documents", {})),
        details=_object("details", value.get("details", {})),
    )


def entry_id(text: bytes) -> bytes:
    """Return SHA-256 of the signed text (not of the note: signature lines may come in any order)."""
    return hashlib.sha256(text).digest()


def sign_entry(entry: Entry, signers: Iterable[SignerKey]) -> Note:
    """Return the entry signed; the only way in which an entry key should ever sign."""
    return sign(encode(entry), signers)


def readers(entry: Entry) -> frozenset[str]:
    """Return the parties that may see the entry: owners and holders in its legs, and those it names."""
    return entry.owners | entry.holders | frozenset(entry.parties)


def net_legs(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return one leg an account, sorted, accounts that come out at zero left out."""
    totals: dict[Account, int] = {}
    for leg in legs:
        totals[leg.account] = totals.get(leg.account, 0) + leg.mass_mg
    return tuple(Leg(*account, mass) for account, mass in sorted(totals.items()) if mass)


def move(source: Account, target: Account, mass_mg: int) -> tuple[Leg, Leg]:
    """Return the two legs that carry `mass_mg` (above zero) from one account to another."""
    return Leg(*source, -mass_mg), Leg(*target, mass_mg)


def check_identifier(what: str, value: object) -> str:
    """Return `value` if it is a lower-case identifier of up to 40 letters, digits and hyphens; raises `bad-field`."""
    return _match(what, value, _IDENTIFIER)


def check_day(what: str, value: object) -> str:
    """Return `value` if it is a day of the calendar, YYYY-MM-DD; raises `bad-field`."""
    text = _match(what, value, _DATE)
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        _refuse(what, f"names a day that is not in the calendar: {text}")
    return text


def _members(line: bytes) -> object:
    # Most of a long entry are its legs: they are read at once and left out of the JSON that is read member by member.
    most = MAX_BYTES - len(HEADER) - 1
    text = line.decode("latin-1")  # every byte as it is
    # In a text the quotes would be escaped, so this stands for a member: of the entry, if it is the only one.
    found = _LEGS.search(text) if len(line) <= most and text.count(_BEFORE_LEGS) == 1 else None
    if found is not None:
        try:
            value = loads_canonical((text[: found.start(1)] + text[found.end(1) :]).encode("latin-1"))
        except LedgerError:
            value = None
        if isinstance(value, dict) and value.get("legs") == []:
            legs = [
                Leg(owner, holder, element, state, lot, int(mass_mg))
                for element, holder, lot, mass_mg, owner, state in _LEG.findall(found[1])
            ]
            return value | {"legs": tuple(legs)}
    return loads_canonical(line, max_bytes=most)


def _check_members(value: Mapping[str, Any]) -> None:
    if unknown := value.keys() - _MEMBERS:
        raise LedgerError(LedgerCode.MALFORMED, f"An entry has no member {min(unknown)!r}.")
    if missing := _REQUIRED - value.keys():
        raise LedgerError(LedgerCode.MALFORMED, f"The entry has no {min(missing)!r}.")
    for name, member in value.items():
        if member is None or member in ([], {}):
            raise LedgerError(LedgerCode.MALFORMED, f"The member {name!r} is empty; leave it out.")


def _legs(value: object) -> tuple[Leg, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_LEGS:
        raise LedgerError(LedgerCode.BAD_LEG, f"The legs are not a list of at most {MAX_LEGS}.")
    legs: tuple[Leg, ...] = (
        value if isinstance(value, tuple) else tuple(read_leg(item, number) for number, item in enumerate(value, 1))
    )
    if len({leg[:5] for leg in legs}) != len(legs):
        raise LedgerError(LedgerCode.BAD_LEG, "An account stands in two legs; add them up into one.")
    return legs


def read_leg(item: object, number: int) -> Leg:
    """Return a leg from its JSON; raises `bad-leg` naming it by its number, from 1."""
    if not isinstance(item, dict) or item.keys() != _LEG_MEMBERS:
        raise LedgerError(LedgerCode.BAD_LEG, f"Leg {number} does not have exactly {', '.join(Leg._fields)}.")
    try:
        return Leg(
            owner=_match("owner", item["owner"], _IDENTIFIER),
            holder=_match("holder", item["holder"], _IDENTIFIER),
            element=_match("element", item["element"], _ELEMENT),
            state=State(_text("state", item["state"])).value,
            lot=_match("lot", item["lot"], _IDENTIFIER),
            mass_mg=int(_match("mass_mg", item["mass_mg"], _MASS)),
        )
    except ValueError:
        raise LedgerError(LedgerCode.BAD_LEG, f"Leg {number}: {item['state']!r} is not a state.") from None
    except LedgerError as error:
        raise LedgerError(LedgerCode.BAD_LEG, f"Leg {number}: {error.sentence}") from None


def _parties(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        _refuse("parties", "is not a list")
    parties = tuple(_match("parties", item, _IDENTIFIER) for item in value)
    if list(parties) != sorted(set(parties)):
        _refuse("parties", "is not sorted, each party once")
    return parties


def _documents(value: object) -> dict[str, str]:
    documents = _object("documents", value)
    for name, digest in documents.items():
        _text("documents", name)
        _match(f"digest of {name!r}", digest, _HEX32)
    return documents


def _object(what: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(what, "is not a JSON object")
    return value


def _optional_text(what: str, value: Mapping[str, Any]) -> str | None:
    return _text(what, value[what]) if what in value else None


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT or value != value.strip():
        _refuse(what, f"is not a text of 1 to {_MAX_TEXT} characters without spaces around it")
    if _BREAK.search(value):
        _refuse(what, "holds a control character or a line break")
    return value


def _match(what: str, value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        _refuse(what, f"is {value!r} and does not have the form {pattern.pattern}")
    return value


def _refuse(what: str, why: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_FIELD, f"The field {what} {why}.")
