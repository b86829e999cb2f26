"""Selective disclosure of fields by RFC 9901: `details` carry digests, and who holds a disclosure reads the field.

A disclosure is base64url, without padding, of a JSON array: [salt, name, value] for a member of an object and [salt,
value] for an element of an array. Its digest is base64url of SHA-256 over the disclosure's own ASCII characters. An
object carries the digests of its hidden members in `_sd`, an array {"...": digest} in the place of a hidden element. A
digest of which nobody has a disclosure may be a decoy. A value that was hidden may itself hide more.

JSON is read as everywhere in the ledger (no floats, no name twice), and otherwise as the RFC has it: a disclosure need
not be canonical, since its digest is over the very text that was made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ledger.core.canonical_json import MAX_BYTES, dumps, loads
from ledger.core.errors import LedgerCode, LedgerError

DIGESTS = "_sd"
ALGORITHM = "_sd_alg"
ELEMENT = "..."
SHA_256 = "sha-256"
MIN_SALT = 22  # characters of base64url: the 128 bits that RFC 9901 section 9.3 recommends
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_ELEMENT_PARTS = 2
_MEMBER_PARTS = 3


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One hidden fact: the text that is hashed and what it says; `name` is None for an element of an array."""

    text: str
    salt: str
    name: str | None
    value: Any

    @property
    def digest(self) -> str:
        """What stands for it in the signed text."""
        return digest_of(self.text)


def digest_of(text: str) -> str:
    """Return base64url of SHA-256 over the disclosure's characters."""
    return _encode(hashlib.sha256(text.encode()).digest())


def make(salt: str, name: str | None, value: object) -> Disclosure:
    """Return the disclosure of a member called `name`, or of an element of an array (None).

    `salt` is 22 or more characters of base64url that nobody can guess. Raises `bad-field` or `malformed`.
    """
    if len(salt) < MIN_SALT or not _BASE64URL.fullmatch(salt):
        _refuse(f"needs a salt of {MIN_SALT} or more characters of base64url")
    said = [salt, value] if name is None else [salt, name, value]
    return parse(_encode(dumps(said)))


def parse(text: str) -> Disclosure:
    """Read a disclosure strictly; raises `bad-field`, or as `canonical_json.loads`."""
    array = loads(_decode(text))
    if not isinstance(array, list) or len(array) not in (_ELEMENT_PARTS, _MEMBER_PARTS):
        _refuse("is not an array of salt, name and value, or of salt and value")
    salt, *name, value = array
    if not isinstance(salt, str) or not all(isinstance(item, str) for item in name):
        _refuse("has a salt or a name that is not a text")
    if name and name[0] in (DIGESTS, ELEMENT):
        _refuse(f"may not be called {name[0]!r}")
    return Disclosure(text, salt, str(name[0]) if name else None, value)


def hide(
    details: Mapping[str, Any], names: Sequence[str], salts: Sequence[str], decoys: Sequence[str] = ()
) -> tuple[dict[str, Any], tuple[Disclosure, ...]]:
    """Return `details` with the members `names` hidden, and their disclosures in the order of `names`.

    One salt a name; `decoys` are texts that nobody can guess, of which only the digests are put in. Raises `bad-field`.
    """
    if missing := [name for name in names if name not in details]:
        _refuse(f"of {missing[0]!r} cannot be made: the details have no such member")
    hidden = tuple(make(salt, name, details[name]) for salt, name in zip(salts, names, strict=True))
    left = {name: value for name, value in details.items() if name not in names}
    digests = {*left.get(DIGESTS, ()), *(item.digest for item in hidden), *map(digest_of, decoys)}
    concealed = {**left, DIGESTS: sorted(digests), ALGORITHM: SHA_256}
    check_concealed(concealed)
    return concealed, hidden


def check_concealed(details: Mapping[str, Any]) -> None:
    """Raise `bad-field` unless digests in signed details have the form of RFC 9901, sorted, each once."""
    found = list(_digests(details))
    if len(found) != len(set(found)):
        _refuse("has its digest in the details twice")
    algorithm = details.get(ALGORITHM)
    if algorithm not in (None, SHA_256) or (found and algorithm is None):
        _refuse(f"is hashed by {SHA_256}, and the details say so in {ALGORITHM}")


def reveal(details: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, Any]:
    """Return the details with what is disclosed in its place and no digests left (RFC 9901 section 7.1, step 3).

    Raises `bad-field` for a disclosure that no digest stands for, or that stands for two things; for one of an element
    where a member is wanted, and the other way round; and for a name that the object has already.
    """
    check_concealed(details)
    known: dict[str, Disclosure] = {}
    for text in disclosures:
        item = parse(text)
        if item.digest in known:
            _refuse("was given twice")
        known[item.digest] = item
    walk = _Walk(known)
    shown = walk.value({name: value for name, value in details.items() if name != ALGORITHM})
    if unused := known.keys() - walk.used:
        name = known[min(unused)].name
        _refuse(f"of {name!r} is not one of this entry: no digest stands for it" if name else "matches no digest")
    return dict(shown)


def encode_lines(texts: Iterable[str]) -> bytes:
    """Return a file of disclosures: sorted, one a line."""
    return "".join(f"{text}\n" for text in sorted(texts)).encode("ascii")


def decode_lines(data: bytes) -> list[str]:
    """Read what `encode_lines` wrote; raises `bad-field`. What the lines say is checked by `reveal`."""
    lines = data.decode("ascii", "replace").split("\n")
    if lines.pop() or not lines or lines != sorted(set(lines)):
        _refuse("does not stand on a line of its own, in order")
    return lines


class _Walk:
    def __init__(self, known: Mapping[str, Disclosure]) -> None:
        self._known = known
        self._seen: set[str] = set()
        self.used: set[str] = set()

    def value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return self._array(value)
        return value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        shown = {name: self.value(member) for name, member in value.items() if name != DIGESTS}
        for digest in value.get(DIGESTS, ()):
            found = self._take(digest)
            if found is None:
                continue
            if found.name is None:
                _refuse("is of an element of an array, and its digest stands among the members of an object")
            if found.name in shown:
                _refuse(f"of {found.name!r} is of a member that is there already")
            shown[found.name] = self.value(found.value)
        return shown

    def _array(self, value: Sequence[Any]) -> list[Any]:
        shown = []
        for item in value:
            if not (isinstance(item, Mapping) and ELEMENT in item):
                shown.append(self.value(item))
                continue
            found = self._take(item[ELEMENT])
            if found is None:
                continue
            if found.name is not None:
                _refuse(f"of {found.name!r} is of a member, and its digest stands among the elements of an array")
            shown.append(self.value(found.value))
        return shown

    def _take(self, digest: str) -> Disclosure | None:
        if digest in self._seen:
            _refuse("has its digest in the entry twice")
        self._seen.add(digest)
        found = self._known.get(digest)
        if found is not None:
            self.used.add(digest)
            list(_digests(found.value))  # what was hidden may hide more, in the same form
        return found


def _digests(value: Any, *, top: bool = True) -> Iterable[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name == DIGESTS:
                yield from _sorted_digests(member)
            elif name == ALGORITHM and not top:
                _refuse(f"has {ALGORITHM} elsewhere than at the top of the details")
            elif name == ELEMENT:
                _refuse(f"has {ELEMENT!r} elsewhere than as the one member of an array's element")
            else:
                yield from _digests(member, top=False)
    elif isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, Mapping) and ELEMENT in item:
                if set(item) != {ELEMENT}:
                    _refuse(f"has {ELEMENT!r} beside other members in an array's element")
                yield _digest(item[ELEMENT])
            else:
                yield from _digests(item, top=False)


def _sorted_digests(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not value:
        _refuse(f"has {DIGESTS} that is not a list of digests")
    digests = [_digest(item) for item in value]
    if digests != sorted(digests):
        _refuse(f"has {DIGESTS} that is not sorted, so that its order says nothing")
    return digests


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value) or _encode(_decode(value)) != value:
        _refuse("has a digest that is not base64url of 32 bytes")
    return value


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text) or len(text) > MAX_BYTES:
        _refuse(f"is not base64url without padding of at most {MAX_BYTES} characters")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        _refuse("is not base64url")
    if _encode(data) != text:
        _refuse("is not base64url in its one canonical spelling")
    return data


def _refuse(why: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_FIELD, f"A disclosure {why}.")
