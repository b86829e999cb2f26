"""Sign a text for a party: with the signature that it gives, or with the key that Lode keeps for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.core.entry import entry_id
from ledger.core.note import Note, SignatureLine, SignerKey
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import HostedKey, KeptSignature
from lode.parties.sealing import unseal
from lode.parties.selectors.signing import kept_line, signature_by, signing_of


def signature_of(*, organisation: str, text: bytes, given: str = "") -> SignatureLine:
    """Return the organisation's signature: the line that it gave, checked, or one by its newest hosted key.

    The caller has decided that the organisation wants this. Raises PartiesError `bad-signature` for a line that is not
    by a valid key of its own, `signature-needed` where it keeps its key itself and gave none, `no-hosted-key`,
    `unsealing-failed`.
    """
    signing = signing_of(organisation)
    if given:
        return signature_by(line=given, text=text, vkeys=signing.vkeys)
    if signing.custody == "held":
        raise PartiesError(
            PartiesCode.SIGNATURE_NEEDED,
            f"{organisation} keeps its signing key itself, and Lode cannot sign for it: somebody there signs this, in "
            "the browser that has the key or with `lode keys sign`. It waits until then.",
        )
    return hosted_signature(organisation=organisation, text=text)


def hosted_signature(*, organisation: str, text: bytes) -> SignatureLine:
    """Sign with the organisation's newest hosted key that is not retired.

    Raises PartiesError `no-hosted-key`, `unsealing-failed`.
    """
    key = HostedKey.objects.filter(organisation_id=organisation, retired_at=None).order_by("-created_at", "-id").first()
    if key is None:
        raise PartiesError(
            PartiesCode.NO_HOSTED_KEY,
            f"Lode keeps no signing key for {organisation}: make one, or sign with the organisation's own key.",
        )
    seed = unseal(sealed=bytes(key.sealed_seed), name=key.name)
    return SignerKey(name=key.name, seed=seed).sign(text)


def signed_note(*, text: bytes, organisations: Sequence[str]) -> bytes:
    """Return the C2SP signed note of the text with one signature line an organisation, in the order given."""
    return Note(
        text=text, signatures=tuple(signature_of(organisation=name, text=text) for name in organisations)
    ).to_bytes()


def keep_signature(*, text: bytes, actor: Actor, now: datetime, given: str = "") -> SignatureLine:
    """Sign an entry's text for the actor's organisation and keep the line until the others have signed too.

    Signing again replaces the line. Raises as `signature_of`.
    """
    line = signature_of(organisation=actor.organisation, text=text, given=given)
    KeptSignature.objects.update_or_create(
        organisation_id=actor.organisation,
        entry_id=entry_id(text).hex(),
        defaults={"line": str(line), "person_id": actor.person_id, "signed_at": now},
    )
    return line


def collected_lines(*, text: bytes, organisations: Sequence[str]) -> tuple[SignatureLine, ...]:
    """Return the kept line of each organisation, or one by its hosted key; raises as `signature_of`."""
    return tuple(
        kept_line(organisation=name, text=text) or signature_of(organisation=name, text=text) for name in organisations
    )
