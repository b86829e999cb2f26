"""Sign a version; the second signature puts its digest on the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from contracts.core.lifecycle import Move
from contracts.errors import ContractCode, ContractError
from contracts.models import ContractVersion, LedgerReference, Signature
from contracts.selectors.agreement import signing_text
from contracts.selectors.ledger_text import ledger_entry
from contracts.services.desk import Desk, open_desk
from contracts.services.negotiate import latest_version
from ledger.core.entry import Entry, encode
from lode.parties.actor import Actor
from lode.parties.services import keep_signature, post_entry, signature_of


@dataclass(frozen=True)
class Signed:
    """What a signature led to. `entry_id` (hex) names the ledger entry once both parties have signed."""

    ref: str
    number: int
    party: str
    line: str
    state: str
    entry_id: str | None


@dataclass(frozen=True)
class Given:
    """The signature lines of a party that keeps its key itself: under the contract's text, and under the entry's."""

    contract: str = ""
    entry: str = ""


def sign_version(
    *, actor: Actor, ref: str, number: int, text_sha256: str, now: datetime, given: Given | None = None
) -> Signed:
    """Sign a version for the actor's organisation, having read the text of that SHA-256 (hex).

    Lode signs with the organisation's hosted key; one that keeps its key itself gives its two lines in `given`.
    Signing twice gives the first signature again, and takes another line under the entry while that is not posted. The
    second party's signature posts a ledger entry of kind `contract` with the digest, signed by both and readable by
    both, in this transaction; the contract is active once its effective date has come. Raises ContractError
    `text-changed` when another text was read than the one that would be signed, `unknown-version`, `wrong-state`,
    `not-your-turn`, `unknown-contract`, `not-allowed`; PartiesError `no-hosted-key`, `signature-needed`,
    `bad-signature`.
    """
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        earlier = Signature.objects.filter(
            version__contract=desk.contract, version__number=number, party=actor.organisation
        ).first()
        if earlier is not None:
            _renew(desk, earlier, given or Given(), now)
            return _signed(desk, earlier)
        version = latest_version(desk, number)
        desk.require(Move.SIGN)
        if version.text_sha256 != text_sha256:
            raise ContractError(
                ContractCode.TEXT_CHANGED,
                f"The text of {ref} version {number} is not the one that you opened: read what changed, then sign it.",
            )
        return _sign(desk, version, given or Given(), now)


def _sign(desk: Desk, version: ContractVersion, given: Given, now: datetime) -> Signed:
    party = desk.actor.organisation
    entry = ledger_entry(version)
    assert entry is not None  # a version is signed once it is agreed
    line = signature_of(organisation=party, text=_text_of(desk, version), given=given.contract)
    keep_signature(text=encode(entry), actor=desk.actor, now=now, given=given.entry)
    signature = Signature.objects.create(
        version=version,
        party=party,
        key_name=line.name,
        line=str(line),
        person_id=desk.actor.person_id,
        signed_at=desk.recorded_at(now),
    )
    desk.make(Move.SIGN, now=now, version=version, in_force=version.effective_from <= now.date())
    if version.signatures.count() == 2:  # noqa: PLR2004 - a contract has two parties
        _post(desk, version, entry, now)
    return _signed(desk, signature)


def _renew(desk: Desk, earlier: Signature, given: Given, now: datetime) -> None:
    """Keep another line under the entry: the key of the first may have been revoked before the other party signed."""
    entry = ledger_entry(earlier.version)
    if given.entry and entry is not None and not LedgerReference.objects.filter(version=earlier.version_id).exists():
        keep_signature(text=encode(entry), actor=desk.actor, now=now, given=given.entry)


def _post(desk: Desk, version: ContractVersion, entry: Entry, now: datetime) -> None:
    submission = post_entry(
        entry=entry, signers=entry.parties, actor=desk.actor, now=now, idempotency_key=f"contract:{version.digest}"
    )
    LedgerReference.objects.create(version=version, entry_id=submission.entry_id, posted_at=now)


def _text_of(desk: Desk, version: ContractVersion) -> bytes:
    return signing_text(
        ref=desk.contract.ref,
        number=version.number,
        digest=version.digest,
        text_sha256=version.text_sha256,
    )


def _signed(desk: Desk, signature: Signature) -> Signed:
    reference = LedgerReference.objects.filter(version=signature.version_id).first()
    return Signed(
        ref=desk.contract.ref,
        number=signature.version.number,
        party=signature.party,
        line=signature.line,
        state=desk.contract.state,
        entry_id=reference.entry_id if reference else None,
    )
