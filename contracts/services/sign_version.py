"""Sign a version; the second signature puts its digest on the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from contracts.core.lifecycle import Move
from contracts.errors import ContractCode, ContractError
from contracts.models import ContractVersion, LedgerReference, Signature
from contracts.selectors.agreement import signing_text
from contracts.services.desk import Desk, open_desk
from contracts.services.negotiate import latest_version
from ledger.core.entry import Entry
from lode.parties.actor import Actor
from lode.parties.services import post_entry, signature_of


@dataclass(frozen=True)
class Signed:
    """What a signature led to. `entry_id` (hex) names the ledger entry once both parties have signed."""

    ref: str
    number: int
    party: str
    line: str
    state: str
    entry_id: str | None


def sign_version(*, actor: Actor, ref: str, number: int, text_sha256: str, now: datetime) -> Signed:
    """Sign a version with the hosted key of the actor's organisation, having read the text of that SHA-256 (hex).

    Signing twice gives the first signature again. The second party's signature posts a ledger entry of kind `contract`
    with the digest, signed by both and readable by both, in this transaction; the contract is active once its effective
    date has come. Raises ContractError `text-changed` when another text was read than the one that would be signed,
    `unknown-version`, `wrong-state`, `not-your-turn`, `unknown-contract`, `not-allowed`; PartiesError `no-hosted-key`.
    """
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        earlier = Signature.objects.filter(
            version__contract=desk.contract, version__number=number, party=actor.organisation
        ).first()
        if earlier is not None:
            return _signed(desk, earlier)
        version = latest_version(desk, number)
        desk.require(Move.SIGN)
        if version.text_sha256 != text_sha256:
            raise ContractError(
                ContractCode.TEXT_CHANGED,
                f"The text of {ref} version {number} is not the one that you opened: read what changed, then sign it.",
            )
        return _sign(desk, version, now)


def _sign(desk: Desk, version: ContractVersion, now: datetime) -> Signed:
    party = desk.actor.organisation
    line = signature_of(organisation=party, text=_text_of(desk, version))
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
        _post(desk, version, now)
    return _signed(desk, signature)


def _post(desk: Desk, version: ContractVersion, now: datetime) -> None:
    parties = tuple(sorted((desk.contract.party_a, desk.contract.party_b)))
    entry = Entry(
        kind="contract",
        book=settings.LEDGER_ORIGIN,
        nonce=f"contract/{desk.contract.ref}/{version.number}",
        occurred=now.date().isoformat(),
        parties=parties,
        contract=desk.contract.ref,
        documents={"contract": version.digest, "text": version.text_sha256, "terms": version.terms_sha256},
        details={"version": str(version.number), "effective_from": version.effective_from.isoformat()},
    )
    submission = post_entry(
        entry=entry, signers=parties, actor=desk.actor, now=now, idempotency_key=f"contract:{version.digest}"
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
