"""Commit to all balances at a close by a public notice, and open what it commits to for a party or an auditor.

The seeds of the trees follow from one secret file beside the ledger's keys. Whoever has it can open every notice;
without it a notice that stands can be opened to nobody any more, so it is kept like a key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction

from ledger.core import conservation_proof
from ledger.core.conservation import DETAIL, SIDES, Commitment, Side, on_sides, seed_of, side_of, to_details
from ledger.core.conservation_proof import Opening
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.checkpoints import checkpoint_at, latest_checkpoint
from ledger.selectors.conservation import ConservationNotice, conservation_notice, conservation_notices
from ledger.selectors.entries import submission
from ledger.services.register_key import post_public
from ledger.services.seeds import make_seed, read_seed
from ledger.services.sequence_pending import sequence_pending
from ledger.sql import proofs
from ledger.sql.snapshot import snapshot

KEPT_IN = "ledger_conservation_secret"

Seeds = Mapping[str, Mapping[str, bytes]]


def publish_conservation(*, elements: Sequence[str] | None = None, now: dt.datetime) -> ConservationNotice:
    """Post the public notice that commits to all accounts of `elements` (None: all) at the latest checkpoint.

    Outside of any transaction. Raises `unknown-account` where an element was never used, `not-open`, `busy` where the
    notice is kept and nobody has put it in order yet.
    """
    sequence_pending()
    with snapshot():
        checkpoint = latest_checkpoint()
        balances = proofs.balances_at(checkpoint.size, elements)
    used = sorted({account.element for account in balances})
    if not used or set(elements or ()) - set(used):
        named = ", ".join(sorted(set(elements or ()) - set(used))) or "any element"
        raise LedgerError(LedgerCode.UNKNOWN_ACCOUNT, f"There is no account of {named}, so nothing was published.")
    make_seed(_secret_file())
    seeds = _seeds(used, checkpoint.size, checkpoint.root)
    commitments = conservation_proof.recompute(seeds, balances, checkpoint.size)
    reason = f"Conservation of {len(used)} elements over all accounts at the tree of {checkpoint.size} entries."
    with transaction.atomic(durable=True):
        handed = post_public(kind="notice", details={DETAIL: to_details(commitments)}, reason=reason, now=now)
    sequence_pending()
    index = submission(entry_id=handed.entry_id, party=None).index
    if index is None:
        raise LedgerError(LedgerCode.BUSY, "The notice is kept and will be posted; ask for it later.")
    return ConservationNotice(index, commitments)


def publish_conservation_if_moved(*, now: dt.datetime) -> ConservationNotice | None:
    """Post the notice for all elements, unless nothing moved since the last one or nothing ever did."""
    size = max((notice.tree_size for notice in conservation_notices()), default=0)
    return publish_conservation(now=now) if proofs.moved_since(size) else None


def open_conservation(*, index: int, party: str | None) -> bytes:
    """Return the proof file of the notice at leaf `index`: for a party its own leaves, for None (auditor) the seeds.

    Raises `unknown-entry`, `not-open` where the secret file is gone, `conflict` where it is another one.
    """
    notice = conservation_notice(index=index)
    seeds = _seeds_of(notice)
    sides = _sides(notice, seeds)
    if party is None:
        return conservation_proof.encode_seeds(settings.LEDGER_ORIGIN, index, seeds)
    return conservation_proof.encode(_opening(notice, sides, lambda account: party in (account.owner, account.holder)))


def open_account(*, notice: ConservationNotice, account: Account) -> Opening:
    """Return the leaves of one account under a notice, with their way to the root; raises as `open_conservation`."""
    only = ConservationNotice(
        notice.index, tuple(item for item in notice.commitments if item.element == account.element)
    )
    return _opening(only, _sides(only, _seeds_of(only)), lambda other: other == account)


def _opening(
    notice: ConservationNotice, sides: Mapping[str, Mapping[str, Side]], shown: Callable[[Account], bool]
) -> Opening:
    return conservation_proof.open_for(settings.LEDGER_ORIGIN, notice.index, sides, shown)


def _seeds_of(notice: ConservationNotice) -> Seeds:
    checkpoint = checkpoint_at(size=notice.tree_size)
    return _seeds(notice.elements, checkpoint.size, checkpoint.root)


def _seeds(elements: Sequence[str], tree_size: int, root: bytes) -> Seeds:
    secret, origin = read_seed(_secret_file()), settings.LEDGER_ORIGIN
    return {
        element: {
            side: seed_of(secret, origin=origin, tree_size=tree_size, root=root, element=element, side=side)
            for side in SIDES
        }
        for element in elements
    }


def _sides(notice: ConservationNotice, seeds: Seeds) -> dict[str, dict[str, Side]]:
    masses = on_sides(proofs.balances_at(notice.tree_size, notice.elements))
    sides: dict[str, dict[str, Side]] = {}
    for item in notice.commitments:
        sides[item.element] = {side: side_of(seeds[item.element][side], masses[item.element][side]) for side in SIDES}
        _check_secret(notice.index, item, sides[item.element])
    return sides


def _check_secret(index: int, item: Commitment, sides: Mapping[str, Side]) -> None:
    if any(sides[side].tree.root != item.side(side) for side in SIDES):
        raise LedgerError(
            LedgerCode.CONFLICT,
            f"The secret file beside the keys is not the one under which the notice at entry {index} was made, so it "
            "cannot be opened: put that file back.",
        )


def _secret_file() -> Path:
    return Path(settings.VAR_DIR) / "secrets" / KEPT_IN
