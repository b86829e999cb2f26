"""Whose statement it is: the party to which a positive amount is payable prepares, approves and issues it."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.core.terms import KINDS


def issuer_of(contract_kind: str, parties: Sequence[str]) -> str:
    """Return the issuing party; `parties` are in the order of the kind's roles."""
    return parties[issuer_position(contract_kind)]


def issuer_position(contract_kind: str) -> int:
    """Return the place of the issuing role among the kind's roles."""
    kind = KINDS[contract_kind]
    return kind.party_roles.index(kind.issuer_role)
