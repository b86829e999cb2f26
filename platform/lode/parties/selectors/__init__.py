"""Reads of parties."""

from lode.parties.selectors.organisations import (
    Party,
    actor_of,
    get_party,
    hosted_key_names,
    list_parties,
    party_names,
)

__all__ = ["Party", "actor_of", "get_party", "hosted_key_names", "list_parties", "party_names"]
