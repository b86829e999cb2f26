"""Every address of the API, and who is let in."""

from ledger.core.disclosures import make
from tests.api import world
from tests.api.world import PARTIES, ROLES

ALL = frozenset(ROLES)
DISCLOSURE = make("a-salt-that-nobody-guesses", "price", "1").text
BOTH = frozenset({*PARTIES, "veritas"})
LESSOR = frozenset({"meridian", "veritas"})
OUTSIDE = (None, "revoked", "unknown", "", "not a token", "Ünicode")

# Each readable address, and who is answered 200; the others are told that there is nothing.
READS = {
    "parties": ALL,
    "parties/voltaic": ALL,
    "keys": ALL,
    "key-changes/{challenge}": frozenset(),
    "accounts": ALL,
    "accounts/statement?owner=meridian&holder=voltaic&element=Ni&state=stock&lot=lot-1": BOTH,
    "accounts/statement?owner=meridian&holder=meridian&element=Ni&state=stock&lot=lot-1": LESSOR,
    "accounts/balance?owner=meridian&holder=voltaic&element=Ni&state=stock&lot=lot-1": ALL,
    "accounts/history?owner=meridian&holder=voltaic&element=Ni&state=stock&lot=lot-1": BOTH,
    "accounts/learned?as_of=2024-01-31&since=0": ALL,
    "accounts/learned/lines?as_of=2024-01-31&since=0": ALL,
    "accounts/proof?owner=meridian&holder=voltaic&element=Ni&state=stock&lot=lot-1": BOTH,
    "accounts/proof?owner=meridian&holder=meridian&element=Ni&state=stock&lot=lot-1": LESSOR,
    "entries/{lease}/disclosures": BOTH,
    "conservation": ALL,
    "conservation/{notice}/proof": ALL,
    "entries": ALL,
    "entries/{receive}": LESSOR,
    "entries/{lease}": BOTH,
    "entries/0": ALL,
    "entries/{lease}/proof": BOTH,
    "entries/{lease}/receipt": BOTH,
    "entries/by-id/{lease_id}": BOTH,
    "submissions/{lease_id}": BOTH,
    "checkpoint": ALL,
    "checkpoints/{size}": ALL,
    "consistency?old_size=1&new_size={size}": ALL,
    "contracts": ALL,
    "contracts/{ref}": BOTH,
    "contracts/{ref}/versions": BOTH,
    "contracts/{ref}/versions/1": BOTH,
    "statements": ALL,
    "statements/{statement}": BOTH,
    "reconciliation/periods": ALL,
    "reconciliation/periods/{period}": BOTH,
}
# Each write with a body that is sound, and who may do it.
WRITES = {
    "key-changes": ("key", frozenset()),  # for tokens that manage keys, see test_keys.py
    "key-changes/{challenge}": ("lines of a key", frozenset()),
    "entries": ("note", frozenset({"meridian"})),
    "entries?dry_run=true": ("note", frozenset({"meridian"})),
    "entries/bulk": ("lines", frozenset({"meridian", "voltaic", "stranger"})),  # each line is answered for itself
    "entries/{lease}/manifest": ("manifest", frozenset()),
    "entries/{lease}/disclosures": ("disclosures", frozenset()),  # it hides nothing
    "reconciliation/statements?our_party=meridian&start=2024-01-01&end=2024-02-01": ("csv", frozenset({"voltaic"})),
    "reconciliation/periods/{period}/accept-exact": ("nothing", frozenset(PARTIES)),
    "reconciliation/periods/{period}/matches": ("keys", frozenset(PARTIES)),
    "reconciliation/periods/{period}/matches/999/undo": ("nothing", frozenset()),
    "reconciliation/periods/{period}/messages": ("message", frozenset(PARTIES)),
    "reconciliation/periods/{period}/adjustments": ("adjustment", frozenset()),
    "reconciliation/periods/{period}/adjustments/999/withdraw": ("nothing", frozenset()),
    "reconciliation/periods/{period}/splits": ("split", frozenset(PARTIES)),
    "reconciliation/periods/{period}/splits/999/undo": ("nothing", frozenset()),
    "reconciliation/periods/{period}/statement/withdraw": ("nothing", frozenset({"voltaic"})),
    "reconciliation/periods/{period}/signatures": ("digest", frozenset()),
}


def names_in(api) -> dict[str, object]:
    lease = world.indexes("lease-out")[0]
    return {
        "ref": api.ref,
        "statement": api.statement,
        "challenge": "0" * 64,
        "lease": lease,
        "notice": world.indexes("notice")[0],
        "receive": world.indexes("receive")[0],
        "lease_id": api.get(f"entries/{lease}").json()["entry_id"],
        "size": api.get("checkpoint").json()["size"],
        "period": api.get("reconciliation/periods").json()["items"][0]["number"],
    }


def body_of(api, kind: str, names) -> dict[str, object]:
    if kind == "csv":
        return {"body": world.STATEMENT_FILE, "content_type": "text/csv"}
    if kind == "lines":
        return {"body": b'"no entry"\n', "content_type": "application/x-ndjson"}
    if kind == "manifest":
        return {"body": b"lode/manifest/v1\nA\n", "content_type": "text/plain"}
    page = api.get(f"reconciliation/periods/{names['period']}").json()
    (row,) = page["rows"]
    keys = {"ours_key": row["ours"]["key"], "theirs_key": row["theirs"]["key"]}
    bodies = {
        "note": {"note": world.entry_note()},
        "nothing": {},
        "key": {"action": "revoke", "vkey": "any", "reason": "lost"},
        "lines of a key": {"signatures": {}},
        "keys": keys,
        "message": {**keys, "text": "Is this right?"},
        "adjustment": {**keys, "reason": "weighed again"},
        "split": {"side": "theirs", "line_key": keys["theirs_key"], "parts_mg": ["1", "35999999999"]},
        "digest": {"digest": "0" * 64},
        "disclosures": {"disclosures": [{"disclosure": DISCLOSURE, "readers": ["voltaic"]}]},
    }
    return {"body": bodies[kind]}
