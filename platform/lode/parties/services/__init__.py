"""The only writers of parties, keys and tokens."""

from lode.parties.services.create_hosted_key import create_hosted_key
from lode.parties.services.create_organisation import create_organisation
from lode.parties.services.create_person import create_person
from lode.parties.services.issue_token import actor_of_token, issue_token, revoke_token
from lode.parties.services.post_entry import post_entry
from lode.parties.services.sign_text import signature_of, signed_note

__all__ = [
    "actor_of_token",
    "create_hosted_key",
    "create_organisation",
    "create_person",
    "issue_token",
    "post_entry",
    "revoke_token",
    "signature_of",
    "signed_note",
]
