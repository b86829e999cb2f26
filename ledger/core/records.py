"""The kinds of entry that move no mineral, one rule a class: its docstring is the rule."""

from __future__ import annotations

from ledger.core.entry import Entry, check_identifier
from ledger.core.note import VerifierKey
from ledger.core.rules import REGISTRY, Kind

KEY_PURPOSES = frozenset({"entry", "registry", "log", "witness"})
KEY_CUSTODY = frozenset({"held", "hosted"})


class _Lien(Kind):
    moves = False

    def check_more(self, entry: Entry) -> None:
        for role in ("owner", "pledgee"):
            party = check_identifier(role, self._detail_text(entry, role))
            if party not in entry.parties:
                self._refuse_field(f"names its {role} among the parties")


class Pledge(_Lien):
    """Mineral is given as security. Details: `owner` and `pledgee`, both among the parties. Both sign."""

    name = "pledge"

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return frozenset({self._detail_text(entry, "owner"), self._detail_text(entry, "pledgee")})


class Release(_Lien):
    """A pledge is given up. Details: `owner` and `pledgee`, both among the parties. The pledgee signs."""

    name = "release"

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return frozenset({self._detail_text(entry, "pledgee")})


class _Public(Kind):
    public = True
    moves = False

    def signers_of(self, entry: Entry) -> frozenset[str]:  # noqa: ARG002
        return frozenset({REGISTRY})


class Key(_Public):
    """A key is registered or revoked, for everybody to read.

    Details to register: `action` register, `vkey`, `party`, `purpose` (entry, registry, log, witness), `custody` (held,
    hosted). To revoke: `action` revoke and `vkey`, with the reason. The registry signs.
    """

    name = "key"

    def check_more(self, entry: Entry) -> None:
        details = entry.details
        action = self._detail_text(entry, "action")
        expected = {"register": {"action", "vkey", "party", "purpose", "custody"}, "revoke": {"action", "vkey"}}
        if set(details) != expected.get(action):
            self._refuse_field("has exactly the details that registering or revoking asks for")
        if VerifierKey.parse(self._detail_text(entry, "vkey")).supported is False:
            self._refuse_field("carries an Ed25519 key")
        if action == "revoke":
            if entry.reason is None:
                self._refuse_field("that revokes gives the reason")
            return
        check_identifier("party", details["party"])
        purpose, custody = self._detail_text(entry, "purpose"), self._detail_text(entry, "custody")
        if purpose not in KEY_PURPOSES or custody not in KEY_CUSTODY:
            self._refuse_field("names a known purpose and custody")
        if (purpose == REGISTRY) != (details["party"] == REGISTRY):
            self._refuse_field("gives the registry's purpose to the registry alone")


class Notice(_Public):
    """A public notice of the registry to all: its text is the reason, or a document's digest. The registry signs."""

    name = "notice"

    def check_more(self, entry: Entry) -> None:
        if entry.reason is None and not entry.documents:
            self._refuse_field("says something, by its reason or a document")


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
    is agreed, so all its parties sign.
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


RECORDS: tuple[Kind, ...] = (
    Pledge(),
    Release(),
    Key(),
    Notice(),
    Contract(),
    Statement(),
)
