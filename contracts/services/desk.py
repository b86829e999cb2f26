"""What every service of contracts does first and last: lock, check who asks, make the move, write the turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max

from contracts.core.lifecycle import IllegalMoveError, Move, Side, Standing, after, check
from contracts.errors import ContractCode, ContractError, UnknownContractError
from contracts.models import Contract, ContractVersion, Turn
from contracts.selectors.standing import side_of, standing_of
from lode.parties.actor import Actor

READ_ONLY_ROLES = frozenset({"auditor", "finance"})


@dataclass
class Desk:
    """A contract locked for the length of the transaction, seen from the side of whoever acts."""

    contract: Contract
    side: Side
    actor: Actor

    @property
    def standing(self) -> Standing:
        """Where the contract stands, as the table of moves knows it."""
        return standing_of(self.contract)

    @property
    def counterparty(self) -> str:
        """The identifier of the other party."""
        return self.contract.party_b if self.side is Side.A else self.contract.party_a

    def recorded_at(self, now: datetime) -> datetime:
        """Return when what happens now is learned: never at or before what a settlement was already told to know."""
        known = self.contract.known_through
        return now if known is None or known < now else known + timedelta(microseconds=1)

    def require(self, move: Move) -> None:
        """Raise ContractError `wrong-state` or `not-your-turn` unless the move can be made."""
        try:
            check(self.standing, move, self.side)
        except IllegalMoveError as error:
            raise self._refusal(error) from error

    def make(
        self,
        move: Move,
        *,
        now: datetime,
        version: ContractVersion | None = None,
        reason: str = "",
        effective_on: date | None = None,
        in_force: bool = False,
    ) -> None:
        """Make the move: save where it leads, and write the turn."""
        try:
            standing = after(self.standing, move, self.side, in_force=in_force)
        except IllegalMoveError as error:
            raise self._refusal(error) from error
        row = self.contract
        row.state = standing.state
        row.amendment = standing.amendment or ""
        row.waits_for_a = Side.A in standing.waits_for
        row.waits_for_b = Side.B in standing.waits_for
        row.changed_at = now
        row.save(
            update_fields=["state", "amendment", "waits_for_a", "waits_for_b", "changed_at", "prevailing_language"]
        )
        last = row.turns.aggregate(last=Max("number"))["last"] or 0
        Turn.objects.create(
            contract=row,
            number=last + 1,
            move=move,
            party=self.actor.organisation,
            person_id=self.actor.person_id,
            version=version,
            state_after=row.state,
            amendment_after=row.amendment,
            reason=reason,
            effective_on=effective_on,
            recorded_at=self.recorded_at(now),
        )

    def _refusal(self, error: IllegalMoveError) -> ContractError:
        code = ContractCode.NOT_YOUR_TURN if error.not_your_turn else ContractCode.WRONG_STATE
        return ContractError(code, f"{self.contract.ref}: {error.sentence}")


def refuse_readers(actor: Actor, *, roles: frozenset[str] = READ_ONLY_ROLES) -> None:
    """Raise ContractError `not-allowed` for whoever may read contracts and not act on them."""
    if actor.sees_all or actor.role in roles:
        raise ContractError(
            ContractCode.NOT_ALLOWED,
            f"The role {actor.role} reads contracts and does not act on them: ask a commercial colleague. "
            "Nothing was changed.",
        )


def open_desk(*, actor: Actor, ref: str, roles: frozenset[str] = READ_ONLY_ROLES) -> Desk:
    """Lock a contract of the actor's organisation; to be called in a transaction, before anything is read.

    Raises ContractError `not-allowed` for readers, `unknown-contract` alike for a wrong reference and for a stranger.
    A contract that was never proposed is its author's alone.
    """
    refuse_readers(actor, roles=roles)
    row = Contract.objects.select_for_update().filter(ref=ref).first()
    side = side_of(row, actor.organisation) if row else None
    if row is None or side is None:
        raise UnknownContractError(ref)
    if row.author != actor.organisation and not row.versions.exists():
        raise UnknownContractError(ref)
    return Desk(row, side, actor)
