"""The examples of disclosures and conservation in `docs/ledger-format.md` are computed again, also by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re

import pytest

from ledger.core import conservation_proof, disclosures
from ledger.core.conservation import SIDES, declared, on_sides, seed_of, side_of, to_details
from ledger.core.merkle import range_hash
from tests.ledger.core.test_ledger_format import BOOK, PAGE

SHOWN = dict(re.findall(r"^```proof (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SECRET = bytes.fromhex("05" * 32)
ROOT = range_hash(0, 4, BOOK.get_hash)
SEEDS = {
    "Ni": {side: seed_of(SECRET, origin=BOOK.origin, tree_size=4, root=ROOT, element="Ni", side=side) for side in SIDES}
}
TREES = {side: side_of(SEEDS["Ni"][side], on_sides(BOOK.balances)["Ni"][side]) for side in SIDES}


def computed() -> dict[str, str]:
    commitments = conservation_proof.recompute(SEEDS, BOOK.balances, 4)
    opening = conservation_proof.open_for(
        BOOK.origin, 4, {"Ni": TREES}, lambda account: "cellmaker" in (account.owner, account.holder)
    )
    _, (price,) = disclosures.hide({"price": "17200"}, ["price"], ["2GLC42sKQveCfGfryNRN9w"])
    lines = []
    for side in SIDES:
        for place, part in enumerate(TREES[side].parts):
            whose = "fills up" if part.account is None else " ".join(part.account)
            lines.append(f"{side} {place} {part.mass_mg} {part.node().hash.hex()} {whose} {part.number}\n")
    return {
        "disclosure": f"{price.text}\n{price.digest}\n",
        "seeds": conservation_proof.encode_seeds(BOOK.origin, 4, SEEDS).decode(),
        "leaves": "".join(lines),
        "details": json.dumps({"conservation": to_details(commitments)}, separators=(",", ":"), sort_keys=True) + "\n",
        "cellmaker": conservation_proof.encode(opening).decode(),
    }


COMPUTED = computed()


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_every_example_on_the_page_is_computed_again(name: str) -> None:
    assert SHOWN[name] == COMPUTED[name]
    assert set(SHOWN) == set(COMPUTED)


def test_the_leaves_and_roots_by_hand() -> None:
    """With hashlib and hmac alone: the seed, a leaf, and every node up to the declared root and total."""
    header = b"lode/conservation-seed/v1\n"
    seeds = json.loads(SHOWN["seeds"])["seeds"][0]
    (commitment,) = json.loads(SHOWN["details"])["conservation"]
    for side in SIDES:
        text = f"ledger.example/book\n4\n{ROOT.hex()}\nNi\n{side}\n".encode()
        assert seeds[side] == hmac.digest(SECRET, header + text, "sha256").hex()
        rows = [line.split(" ") for line in SHOWN["leaves"].splitlines() if line.startswith(f"{side} ")]
        nodes = [(int(row[2]), bytes.fromhex(row[3])) for row in rows]
        assert [row[3] for row in rows] == sorted(row[3] for row in rows)
        while len(nodes) > 1:
            pairs = zip(nodes[::2], nodes[1::2], strict=True)
            nodes = [
                (
                    left + right,
                    hashlib.sha256(
                        b"lode/sum-node/v1\n" + left.to_bytes(8, "big") + one + right.to_bytes(8, "big") + other
                    ).digest(),
                )
                for (left, one), (right, other) in pairs
            ]
        names = ("total_mg", "root") if side == "bounded" else ("source_total_mg", "source_root")
        assert (str(nodes[0][0]), nodes[0][1].hex()) == tuple(commitment[name] for name in names)
    leaf = json.loads(SHOWN["cellmaker"])["elements"][0]["bounded"]["leaves"][0]
    said = {name: leaf[name] for name in ("element", "holder", "lot", "owner", "part", "state")}
    content = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
    digest = hashlib.sha256(
        b"lode/sum-leaf/v1\n" + bytes.fromhex(leaf["nonce"]) + int(leaf["mass_mg"]).to_bytes(8, "big") + content
    )
    assert f"bounded {leaf['place']} {leaf['mass_mg']} {digest.hexdigest()} " in SHOWN["leaves"]


def test_the_cell_makers_proof_holds_against_the_notice() -> None:
    opening = conservation_proof.decode(SHOWN["cellmaker"].encode())
    commitments = declared(json.loads(SHOWN["details"])["conservation"])
    own = {account: mass for account, mass in BOOK.balances.items() if account.holder == "cellmaker"}
    assert conservation_proof.check_balances(opening, commitments, own) == own
    assert list(own.values()) == [1_250_000_000]


def test_the_disclosure_by_hand() -> None:
    text, digest = SHOWN["disclosure"].splitlines()
    assert base64.urlsafe_b64decode(text + "==") == b'["2GLC42sKQveCfGfryNRN9w","price","17200"]'
    assert base64.urlsafe_b64decode(digest + "=") == hashlib.sha256(text.encode()).digest()
