"""The only writers of parties, keys and tokens."""

from lode.parties.services.change_keys import (
    begin_key_registration,
    begin_key_revocation,
    finish_key_change,
    require_key_manager,
)
from lode.parties.services.create_organisation import create_organisation
from lode.parties.services.create_person import create_person
from lode.parties.services.hand_in_note import hand_in_note, read_note, sign_note
from lode.parties.services.hosted_keys import create_hosted_key, reseal_hosted_keys, rotate_hosted_key
from lode.parties.services.issue_token import actor_of_token, issue_token, revoke_token
from lode.parties.services.post_entry import post_entry
from lode.parties.services.sign_text import keep_signature, signature_of, signed_note

__all__ = [
    "actor_of_token",
    "begin_key_registration",
    "begin_key_revocation",
    "create_hosted_key",
    "create_organisation",
    "create_person",
    "finish_key_change",
    "hand_in_note",
    "issue_token",
    "keep_signature",
    "post_entry",
    "read_note",
    "require_key_manager",
    "reseal_hosted_keys",
    "revoke_token",
    "rotate_hosted_key",
    "sign_note",
    "signature_of",
    "signed_note",
]
