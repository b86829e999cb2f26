"""Reads of parties."""

from lode.parties.selectors.organisations import (
    Party,
    actor_of,
    get_party,
    hosted_key_names,
    list_parties,
    party_names,
)
from lode.parties.selectors.signing import (
    KeyChangeView,
    Paper,
    Signing,
    kept_line,
    key_change,
    signature_stands,
    signing_of,
    valid_keys,
)

__all__ = [
    "KeyChangeView",
    "Paper",
    "Party",
    "Signing",
    "actor_of",
    "get_party",
    "hosted_key_names",
    "kept_line",
    "key_change",
    "list_parties",
    "party_names",
    "signature_stands",
    "signing_of",
    "valid_keys",
]
