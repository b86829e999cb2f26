"""The kinds of entry that move no mineral, one rule a class: its docstring is the rule."""

from __future__ import annotations

from ledger.core.conservation import DETAIL, declared
from ledger.core.entry import Entry, check_identifier
from ledger.core.note import COSIGNERS, ED25519, ML_DSA_44, VerifierKey
from ledger.core.rules import REGISTRY, Kind, is_id, pledged_by

KEY_PURPOSES = frozenset({"entry", "registry", "log", "witness", "recovery"})
MAX_REAFFIRMED = 400
# The types of keys of each purpose, where it is not Ed25519 alone.
KEY_TYPES = {"log": {ED25519, ML_DSA_44}, "witness": COSIGNERS}
KEY_CUSTODY = frozenset({"held", "hosted"})
_MAY_REVOKE = {"revoke": {"compromised_since_index"}}


class _Lien(Kind):
    moves = False

    def check_more(self, entry: Entry) -> None:
        for role in ("owner", "pledgee"):
            party = check_identifier(role, self._detail_text(entry, role))
            if party not in entry.parties:
                self._refuse_field(f"names its {role} among the parties")
        pledged_by(entry)


class Pledge(_Lien):
    """Mineral of the owner is given as security, where it stands, as far as it is not pledged yet.

    Details: `owner` and `pledgee`, both among the parties, and `pledged`: a sorted list of `holder`, `element`,
    `state`, `lot` and `mass_mg`. Both sign. What follows from it is the rule of liens.
    """

    name = "pledge"

    def check_more(self, entry: Entry) -> None:
        super().check_more(entry)
        if not entry.details.get("pledged"):
            self._refuse_field("lists what is pledged among its details")
        if entry.details["owner"] == entry.details["pledgee"]:
            self._refuse_field("gives security to another than the owner")

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return frozenset({self._detail_text(entry, "owner"), self._detail_text(entry, "pledgee")})


class Release(_Lien):
    """A pledge is given up, as far as it is left, or the part of it that `pledged` lists as a pledge does.

    Details: `owner` and `pledgee`, both among the parties, and `pledge`, the id of the entry that pledged. The pledgee
    signs.
    """

    name = "release"

    def check_more(self, entry: Entry) -> None:
        super().check_more(entry)
        self._detail_id(entry, "pledge")

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return frozenset({self._detail_text(entry, "pledgee")})


class _Public(Kind):
    public = True
    moves = False

    def signers_of(self, entry: Entry) -> frozenset[str]:  # noqa: ARG002
        return frozenset({REGISTRY})


class Key(_Public):
    """A key is registered or revoked, for everybody to read.

    Details to register: `action` register, `vkey`, `party`, `purpose` (entry, registry, log, witness, recovery),
    `custody` (held, hosted). To revoke: `action` revoke and `vkey`, with the reason, and `compromised_since_index`
    where somebody else may have signed with it from that leaf on. The registry signs, and a party that has a recovery
    key, by the rule of the registry.
    """

    name = "key"

    def check_more(self, entry: Entry) -> None:
        details = entry.details
        action = self._detail_text(entry, "action")
        expected = {"register": {"action", "vkey", "party", "purpose", "custody"}, "revoke": {"action", "vkey"}}
        if set(details) - _MAY_REVOKE.get(action, set()) != expected.get(action):
            self._refuse_field("has exactly the details that registering or revoking asks for")
        vkey = VerifierKey.parse(self._detail_text(entry, "vkey"))
        if not vkey.supported:
            self._refuse_field("carries a key of a type that is known")
        if action == "revoke":
            since = details.get("compromised_since_index", 0)
            if entry.reason is None:
                self._refuse_field("that revokes gives the reason")
            if not isinstance(since, int) or isinstance(since, bool) or since < 0:
                self._refuse_field("gives compromised_since_index as the index of a leaf")
            return
        check_identifier("party", details["party"])
        purpose, custody = self._detail_text(entry, "purpose"), self._detail_text(entry, "custody")
        if purpose not in KEY_PURPOSES or custody not in KEY_CUSTODY:
            self._refuse_field("names a known purpose and custody")
        if vkey.algorithm not in KEY_TYPES.get(purpose, {ED25519}):
            self._refuse_field(f"carries a key of a type that the purpose {purpose} has")
        if (purpose == REGISTRY) != (details["party"] == REGISTRY):
            self._refuse_field("gives the registry's purpose to the registry alone")


class Notice(_Public):
    """A public notice of the registry to all: its text is the reason, or a document's digest. The registry signs."""

    name = "notice"

    def check_more(self, entry: Entry) -> None:
        if entry.reason is None and not entry.documents:
            self._refuse_field("says something, by its reason or a document")
        if DETAIL in entry.details:
            declared(entry.details[DETAIL])


class _Agreed(Kind):
    moves = False

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return frozenset(entry.parties)


class Contract(_Agreed):
    """Parties agree a version of a contract: reference in `contract`, digest among the documents. All of them sign."""

    name = "contract"
    needs = ("contract", "documents", "parties")


class Statement(_Agreed):
    """A settlement is issued or a balance agreed: its digest among the documents.

    Details of a settlement: `issuer`, one of the parties, who signs it; the others read it and may sign too. A balance
    is agreed, so all its parties sign; between two parties the detail `closes_until` (YYYY-MM-DD) then closes their
    accounts up to and with that day, by the rule of periods.
    """

    name = "statement"
    needs = ("documents", "parties")

    def signers_of(self, entry: Entry) -> frozenset[str]:
        if "issuer" not in entry.details:
            return frozenset(entry.parties)
        return frozenset({self._detail_text(entry, "issuer")})

    def check_more(self, entry: Entry) -> None:
        if "issuer" in entry.details and self._detail_text(entry, "issuer") not in entry.parties:
            self._refuse_field("names its issuer among the parties")
        if "closes_until" in entry.details:
            self._detail_day(entry, "closes_until")
            if "issuer" in entry.details or len(entry.parties) != 2:  # noqa: PLR2004 - a pair
                self._refuse_field("closes a period by a balance that exactly two parties agree")


class Reaffirm(_Agreed):
    """A party stands by entries that are disputed, because a key of its was compromised when it signed them.

    Details: `entries`, a sorted list of 1 to 400 entry ids. Each is disputed for one of those who sign, and none is a
    reaffirmation. All `parties` sign. The last one counts; where it is disputed itself, the entry is so again.
    """

    name = "reaffirm"
    needs = ("parties",)

    def names(self, entry: Entry) -> tuple[str, ...]:
        listed = entry.details.get("entries")
        return tuple(item for item in listed if is_id(item)) if isinstance(listed, list) else ()

    def check_more(self, entry: Entry) -> None:
        listed = entry.details.get("entries")
        if not isinstance(listed, list) or not 0 < len(listed) <= MAX_REAFFIRMED or not all(map(is_id, listed)):
            self._refuse_field(f"lists 1 to {MAX_REAFFIRMED} ids of entries in the detail entries")
        if listed != sorted(set(listed)):
            self._refuse_field("lists the ids sorted, each once")


RECORDS: tuple[Kind, ...] = (
    Pledge(),
    Release(),
    Key(),
    Notice(),
    Contract(),
    Statement(),
    Reaffirm(),
)
