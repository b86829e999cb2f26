"""Sign a text with the keys that Lode keeps for parties."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.core.note import Note, SignatureLine, SignerKey
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import HostedKey
from lode.parties.sealing import unseal


def signature_of(*, organisation: str, text: bytes) -> SignatureLine:
    """Sign with the organisation's newest hosted key that is not retired.

    The caller has decided that the organisation wants this. Raises PartiesError `no-hosted-key`, `unsealing-failed`.
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
