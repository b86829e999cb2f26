"""What the verifier in the browser says, in the reader's language: sentences with places for facts."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from lode.parties.actor import Actor


def config_of(actor: Actor | None) -> str:
    """Return, as JSON, where the verifier finds its bytes, whose accounts must be whole, and what it says."""
    return json.dumps(
        {
            "log": "/ledger/log/",
            "entries": "/ledger/entries.json" if actor else None,
            "party": actor.reads_as if actor else None,
            "full": bool(actor and actor.sees_all),
            "texts": {**_progress(), "faults": {**_about_the_tree(), **_about_an_entry()}},
        },
        ensure_ascii=False,
    )


def _progress() -> dict[str, Any]:
    return {
        "checking": _("Reading, hashing, checking signatures …"),
        "cannot": _(
            "This browser cannot check Ed25519 signatures by itself, so it cannot check the ledger without trusting "
            "the server. Use a newer browser, or lode-verify on your own machine."
        ),
        "entry": _("Entry %(index)s: "),
        "entry_checked": _(
            "Entry %(index)s is what its parties signed, and stands under the signed tree head of %(size)s entries. "
            "Checked in this browser at %(at)s."
        ),
        "done": {
            "tree": _(
                "The tree of %(size)s entries is whole under its signed head. Checked in this browser at %(at)s; "
                "entries that are not public were not opened."
            ),
            "party": _(
                "All %(size)s entries stand where they stood; the %(opened)s that %(party)s may read are as signed, "
                "and no entry of its accounts is missing. Checked in this browser at %(at)s."
            ),
            "full": _(
                "All %(size)s entries are as signed, and each of %(accounts)s accounts is without a gap. Checked in "
                "this browser at %(at)s."
            ),
        },
        "held": _("the log extends the tree head of %(size)s entries kept here since %(at)s"),
        "first_time": _("none was kept here before: this one is, from now on"),
        "last": _("Last checked in this browser at %(at)s: %(size)s entries."),
        "time": _("%(seconds)s s, %(rate)s entries a second"),
        "keys_kept": _("Kept in this browser."),
        "trust": {
            "given": _("checked with the keys that you gave"),
            "partly-given": _("checked with a key that you gave and one that came with the data"),
            "kept": _("checked with the keys that this browser kept"),
            "data": _("checked with the keys that came with the data"),
        },
    }


def _about_the_tree() -> dict[str, str]:
    return {
        "unexpected": _("The check came to no end: %(why)s"),
        "unreachable": _("The server did not answer for %(path)s. Nothing is known to be wrong; try again."),
        "missing-file": _("%(path)s is missing, so the ledger cannot be checked."),
        "checkpoint": _("The signed tree head cannot be trusted: %(reason)s"),
        "bad-checkpoint": _("It is not an origin, a size and a root."),
        "bad-policy": _("The policy cannot be read."),
        "bad-key": _("The key of %(key)s cannot be used."),
        "no-quorum": _("It is not cosigned by as many witnesses as the policy's quorum %(quorum)s asks for."),
        "other-keys": _(
            "The keys of %(book)s are not those that this browser kept. Ask the operator and others why before you "
            "trust it."
        ),
        "bad-tile": _("%(path)s is not as long as it must be."),
        "leaf-changed": _("Entry %(index)s was changed in the log: its leaf is not the one under the signed root."),
        "tile-changed": _("Entry %(index)s was changed in the log: its hash in %(path)s is not the hash of its leaf."),
        "tile-range": _(
            "Entries %(index)s to %(last)s were changed: their hash in %(path)s is not that of their tiles."
        ),
        "other-tree": _("The tiles of %(size)s entries are not the tree that the log signed."),
        "taken-back": _(
            "Entries were taken back: the tree head kept here covers %(held)s entries, this log has only %(size)s."
        ),
        "forked": _(
            "The log does not extend the tree head of %(held)s entries kept here: what stood there was changed."
        ),
        "other-balances": _("The balances that the bundle declares are not of this tree."),
        "declared": _("The balance of %(account)s is given as %(said)s mg; the entries give %(expected)s mg."),
        "not-a-bundle": _(
            "The file is not a bundle: drop the bundle.tar of this page, or a tar of the folder that lode ledger "
            "export made."
        ),
    }


def _about_an_entry() -> dict[str, str]:
    return {
        "malformed": _("it cannot be read."),
        "not-canonical": _("its text is not in its one canonical form."),
        "too-large": _("it is larger than an entry can be."),
        "unsigned": _("it carries no signature."),
        "unknown-key": _("no known key has signed it."),
        "bad-signature": _("the signature of %(key)s does not fit the text."),
        "changed-after-signing": _("Entry %(index)s was changed after signing: a signature does not fit its text."),
        "changed-after-seal": _(
            "Entry %(index)s was changed after it was sealed: note, seal and nonce do not give the commitment in the "
            "log."
        ),
        "key-not-valid": _("the key %(key)s was not valid for it."),
        "duplicate": _("the key %(key)s stands twice."),
        "missing-signature": _("the signature of %(parties)s is missing."),
        "unknown-kind": _("the ledger has no entries of kind %(kind)s."),
        "wrong-book": _("it was signed for another book: %(book)s."),
        "bad-leg": _("its postings are not such as its kind allows."),
        "bad-field": _("it lacks a fact that its kind asks for."),
        "unbalanced": _("its postings do not sum to zero."),
        "bad-correction": _("it does not take back an entry before it, whole and once."),
        "again": _("it is entry %(first)s over again."),
        "bad-leaf": _("its leaf is not one of its kind."),
        "bad-seal": _("it carries the seal of something else."),
        "bad-proof": _("its proof does not lead to the signed root."),
        "broken-chain": _("it does not follow the last entry of the account %(account)s."),
        "gap": _(
            "it is number %(seq)s of the account %(account)s, where number %(expected)s comes next: an entry is "
            "missing or out of order."
        ),
        "bad-balance": _("its seal leaves %(account)s at %(said)s mg, where the postings give %(expected)s mg."),
        "insufficient": _("it leaves %(account)s at %(said)s mg, below zero."),
        "missing-entry": _("Entry %(index)s was not given to this browser, so it could not be opened."),
    }
