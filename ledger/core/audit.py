"""The verifier: three depths of audit over anything that answers the bytes of a path. No I/O, no clock.

* tree: what anybody can check. The checkpoint's signature, every tile up to the root, every leaf, every public entry.
* party: besides, the entries that the export opens (signatures by keys valid at their index, rules, seals, commitments,
  proofs), and the party's accounts without a gap.
* full: every entry opened, every account without a gap, none but `source` below zero, declared balances as replayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum

from ledger.core.audit_conservation import ConservationAudit
from ledger.core.audit_disputes import Disputes, compromised_keys
from ledger.core.audit_entries import EntryAudit
from ledger.core.audit_open import OpenAll, Plan, open_all
from ledger.core.audit_tree import TreeAudit, failure
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import VerifierKey
from ledger.core.policy import Policy
from ledger.core.tiles import Read

BALANCES = "balances.json"
POLICY = "policy"
REGISTRY_KEY = "registry.vkey"
PARTY = "party"


class Depth(StrEnum):
    """How much of the ledger is checked."""

    TREE = "tree"
    PARTY = "party"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Trust:
    """What an auditor is given by somebody else than the operator: the policy and the registry's root key."""

    policy: Policy
    registry: VerifierKey


@dataclass(frozen=True, slots=True)
class Progress:
    """A step done: its name, how much of it is done, and how much there is."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    """What held. Masses in `elements` are milligrams outside `source` over the accounts opened.

    `disputed` gives by leaf index the parties whose compromised key signed an entry that they have not affirmed since.
    """

    depth: Depth
    origin: str
    size: int
    root: str
    tiles: int
    leaves: int
    keys: int
    entries: int
    signatures: int
    accounts: int
    balances: int
    party: str | None = None
    held: int = 0
    witnesses: tuple[str, ...] = ()
    elements: dict[str, int] = field(default_factory=dict)
    conservation: int = 0
    disclosures: int = 0
    manifests: int = 0
    disputed: dict[int, tuple[str, ...]] = field(default_factory=dict)


class Audit:
    """One run of the verifier. Iterate `run()` to the end; then `report` says what was checked.

    `held` are signed checkpoints kept from earlier, which this log must extend. `opening` is how the tiles are opened:
    one after the other here, or by many at once; the outcome is the same.
    Raises LedgerError at the first thing that does not hold, its `index` the entry at fault where there is one.
    """

    def __init__(
        self,
        read: Read,
        trust: Trust,
        depth: Depth,
        party: str | None = None,
        held: Sequence[bytes] = (),
        opening: OpenAll = open_all,
    ) -> None:
        self._read = read
        self._held = held
        self._trust = trust
        self._depth = depth
        self._party = party if depth is Depth.PARTY else None
        self._opening = opening
        self._report: Report | None = None

    @property
    def report(self) -> Report:
        """What was checked; only after `run()` has come to its end."""
        if self._report is None:
            raise LedgerError(LedgerCode.CONFLICT, "The audit has not come to its end, so there is nothing to report.")
        return self._report

    def run(self) -> Iterator[Progress]:
        """Check everything that the depth asks for, yielding after every step."""
        tree = TreeAudit(self._read, self._trust.policy)
        yield Progress("checkpoint", 1, 1)
        tile_count = len(tree.all_tiles())
        for done in tree.check_tiles():
            yield Progress("tiles", done, tile_count)
        for done, data in enumerate(self._held, 1):
            tree.check_held(data)
            yield Progress("held", done, len(self._held))
        plan = self._plan(tree)
        opened = self._entry_audit(tree, plan)
        size = plan.size
        yield from self._check_entries(tree, plan, opened)
        balances = self._check_balances(opened)
        yield Progress("balances", 1, 1)
        self._report = Report(
            depth=self._depth,
            origin=tree.checkpoint.origin,
            size=size,
            root=tree.checkpoint.root.hex(),
            tiles=tile_count,
            leaves=size,
            keys=sum(1 for _ in opened.book.registry),
            entries=opened.opened,
            signatures=opened.signatures,
            accounts=len(opened.heads),
            balances=balances,
            party=self._party,
            held=len(self._held),
            witnesses=tuple(sorted(tree.witnesses)),
            elements=opened.element_totals(),
            conservation=self._conservation.checked,
            disclosures=opened.disclosures,
            manifests=opened.manifests,
            disputed=opened.disputes.open(opened.book.registry),
        )

    def _plan(self, tree: TreeAudit) -> Plan:
        return Plan(
            read=self._read,
            policy=self._trust.policy,
            registry=self._trust.registry,
            signed=tree.signed,
            size=tree.checkpoint.size,
            opens=self._depth is not Depth.TREE,
            whole=self._depth is Depth.FULL,
            public=tuple(tree.public_leaves()),
        )

    def _entry_audit(self, tree: TreeAudit, plan: Plan) -> EntryAudit:
        disputes = Disputes(compromised_keys(plan.public))
        return EntryAudit(
            *(self._read, tree, self._trust.registry, disputes), opens=plan.opens, full=plan.whole, party=self._party
        )

    def _check_entries(self, tree: TreeAudit, plan: Plan, opened: EntryAudit) -> Iterator[Progress]:
        index = 0
        conservation = self._conservation = self._conservation_audit(tree, plan)
        with closing(self._opening(plan)) as tiles:
            for tile in tiles:
                for found in tile:
                    if index in conservation.watched:
                        conservation.before(index, opened.heads)
                        opened.take(index, found)
                        conservation.after(index)
                    else:
                        opened.take(index, found)
                    index += 1
                yield Progress("entries", index, plan.size)
        if index != plan.size:
            raise failure(LedgerCode.CONFLICT, f"The audit was not told of every entry: of {index} of {plan.size}.")

    def _conservation_audit(self, tree: TreeAudit, plan: Plan) -> ConservationAudit:
        # Without whole accounts there is nothing to compare with what a notice commits to.
        whole = self._depth is Depth.FULL or self._party is not None
        public = plan.public if whole else ()
        return ConservationAudit(self._read, tree.checkpoint.origin, self._party, public)

    def _check_balances(self, opened: EntryAudit) -> int:
        if self._depth is Depth.TREE or (declared := self._read(BALANCES)) is None:
            return 0
        try:
            return opened.check_balances(declared)
        except LedgerError as error:
            if error.index is not None:
                raise
            raise failure(error.code, f"The declared balances do not hold: {error.sentence}") from None
