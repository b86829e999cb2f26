"""The kinds of entry that move mineral, one rule a class: its docstring is the rule."""

from __future__ import annotations

from ledger.core.entry import Entry, State, readers
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.rules import ANY, AT_REST, HEX32, INSIDE, Kind, credits_of, debits_of, is_id, owners_changed


class Receive(Kind):
    """Mineral enters the ledger out of `source` into stock, product or scrap; owner, holder and lot stay.

    It names its origin by a document or a reference. Owner and holder sign.
    """

    name = "receive"
    takes_from = frozenset({State.SOURCE})
    gives_to = AT_REST
    fixed = (("owner", "holder", "lot"),)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.owners | entry.holders

    def check_more(self, entry: Entry) -> None:
        if not entry.documents and entry.reference is None:
            self._refuse_field("names its origin by a document or a reference")


class Title(Kind):
    """Mineral changes owner where it lies: holder, state and lot stay. The owners before and after sign."""

    name = "title"
    takes_from = INSIDE
    gives_to = INSIDE
    fixed = (("holder", "state", "lot"),)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.owners


class Ship(Kind):
    """Mineral leaves a place into `transit`, or into `exported` where no account of this ledger will receive it.

    Owner and lot stay. The shipper remains the holder on the way unless a carrier takes it and signs too. The shipper
    signs; into `exported` the owner signs as well. Details, both optional: `receiver`, one who may read the entry, and
    `expected_by`, the last day (YYYY-MM-DD) on which the receiver is waited for.
    """

    name = "ship"
    takes_from = AT_REST
    gives_to = frozenset({State.TRANSIT, State.EXPORTED})
    fixed = (("owner", "lot"),)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        exporters = frozenset(leg.owner for leg in entry.legs if leg.state == State.EXPORTED)
        return entry.holders | exporters

    def check_more(self, entry: Entry) -> None:
        if "receiver" in entry.details:
            receiver = self._detail_text(entry, "receiver")
            if receiver not in readers(entry):
                self._refuse_field("names its receiver among the parties")
        if "expected_by" in entry.details:
            self._detail_day(entry, "expected_by")


class Arrive(Kind):
    """Mineral in `transit` is taken in by the receiver; owner and lot stay.

    What was shipped and did not arrive is booked to `unaccounted` at the shipper, what arrived beyond it comes out of
    `source` at the receiver: a difference is booked, never lost. The receiver signs; where a difference is booked every
    holder signs. A receiver who has no agreement yet books what came and leaves the rest in transit. The detail
    `shipment` names the `ship` entry that it ends: what follows from it is the rule of shipments.
    """

    name = "arrive"
    takes_from = frozenset({State.TRANSIT, State.SOURCE})
    gives_to = AT_REST | {State.UNACCOUNTED}
    fixed = (("owner", "lot"),)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        if any(leg.state in {State.UNACCOUNTED, State.SOURCE} for leg in entry.legs):
            return entry.holders
        return frozenset(leg.holder for leg in credits_of(entry))

    def names(self, entry: Entry) -> tuple[str, ...]:
        shipment = entry.details.get("shipment")
        named = (shipment,) if isinstance(shipment, str) and is_id(shipment) else ()
        return (*super().names(entry), *named)

    def check_more(self, entry: Entry) -> None:
        if "shipment" in entry.details:
            self._detail_id(entry, "shipment")


class _Custody(Kind):
    # Custody moves, title never: what lease-out, return and re-supply have in common.
    fixed = (("owner", "state", "lot"),)
    needs = ("contract",)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.owners | entry.holders


class LeaseOut(_Custody):
    """Stock goes to a lessee under a contract: the holder changes, owner, state and lot stay.

    The lessor and both holders sign.
    """

    name = "lease-out"
    takes_from = frozenset({State.STOCK})
    gives_to = frozenset({State.STOCK})


class Return(_Custody):
    """Leased mineral goes back under its contract: the holder changes, owner, state and lot stay.

    The lessor and both holders sign.
    """

    name = "return"
    takes_from = AT_REST
    gives_to = AT_REST


class ReSupply(_Custody):
    """Recovered stock goes to the next lessee under its contract: the holder changes, owner, state, lot stay.

    The owner and both holders sign.
    """

    name = "re-supply"
    takes_from = frozenset({State.STOCK})
    gives_to = frozenset({State.STOCK})


class Embody(Kind):
    """Stock or material in process becomes product with serial numbers; owner and holder stay, the lot may change.

    Details: `manifest_sha256`, the digest of the list of serials, and `serials`, how many there are; it may give
    `manifest_root`, the root of the tree over them. The holder signs.
    """

    name = "embody"
    takes_from = frozenset({State.STOCK, State.PROCESS})
    gives_to = frozenset({State.PRODUCT})
    fixed = (("owner", "holder"),)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.holders

    def check_more(self, entry: Entry) -> None:
        serials = entry.details.get("serials")
        if not HEX32.fullmatch(self._detail_text(entry, "manifest_sha256")):
            self._refuse_field("gives manifest_sha256 as 64 lower-case hexadecimal digits")
        if "manifest_root" in entry.details and not HEX32.fullmatch(self._detail_text(entry, "manifest_root")):
            self._refuse_field("gives manifest_root as 64 lower-case hexadecimal digits")
        if not isinstance(serials, int) or isinstance(serials, bool) or serials < 1:
            self._refuse_field("gives the number of serials, at least 1")


class Process(Kind):
    """A batch in a plant: what goes in comes out as stock, process, product or scrap, or as loss or unaccounted.

    Owner and holder stay, lots may change. The batch is named by the reference. The holder signs.
    """

    name = "process"
    takes_from = frozenset({State.STOCK, State.PROCESS, State.SCRAP})
    gives_to = frozenset({State.STOCK, State.PROCESS, State.PRODUCT, State.SCRAP, State.LOSS, State.UNACCOUNTED})
    fixed = (("owner", "holder"),)
    needs = ("reference",)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.holders


class Collect(Kind):
    """Product at the end of its life, or scrap, is collected and becomes scrap: owner stays, holder and lot may change.

    The holders before and after sign.
    """

    name = "collect"
    takes_from = frozenset({State.PRODUCT, State.SCRAP})
    gives_to = frozenset({State.SCRAP})
    fixed = (("owner",),)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.holders


class Recover(Kind):
    """Scrap or material in process becomes stock again by an assay, the rest loss or unaccounted; the holder stays.

    Outputs are attributed to the owners of the batch and to nobody else. The assay is among the documents. The holder
    signs; an owner who owns more or less of an element afterwards signs too.
    """

    name = "recover"
    takes_from = frozenset({State.SCRAP, State.PROCESS})
    gives_to = frozenset({State.STOCK, State.PROCESS, State.LOSS, State.UNACCOUNTED})
    fixed = (("holder",),)
    needs = ("documents",)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.holders | owners_changed(entry)

    def check_more(self, entry: Entry) -> None:
        batch = {(leg.owner, leg.element) for leg in debits_of(entry)}
        for leg in credits_of(entry):
            if (leg.owner, leg.element) not in batch:
                self._refuse_leg(f"attributes {leg.element} to {leg.owner}, who had none of it in the batch")


class Exchange(Kind):
    """Like for like between owners or places: each owner still owns, each holder still holds, as much of each element.

    States stay, lots may change. All owners and holders sign.
    """

    name = "exchange"
    takes_from = AT_REST
    gives_to = AT_REST
    fixed = (("owner",), ("holder",), ("state",))

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.owners | entry.holders


class Loss(Kind):
    """Mineral is gone: booked to `loss` of the same owner, holder and lot, with the reason. Owner and holder sign."""

    name = "loss"
    takes_from = INSIDE | {State.UNACCOUNTED}
    gives_to = frozenset({State.LOSS})
    fixed = (("owner", "holder", "lot"),)
    needs = ("reason",)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.owners | entry.holders


class Adjustment(Kind):
    """A correction of any accounts, with its reason, naming the entry that it corrects or a reference that shows why.

    All owners and holders whose accounts it touches sign.
    """

    name = "adjustment"
    takes_from = ANY
    gives_to = ANY
    needs = ("reason",)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        return entry.owners | entry.holders

    def check_more(self, entry: Entry) -> None:
        if entry.corrects is None and entry.reference is None:
            self._refuse_field("names the entry that it corrects, or a reference")


class Reversal(Kind):
    """An entry taken back whole: the original's legs with the other sign, its parties, and its id in `corrects`.

    It gives the reason. Only an entry with legs that is not itself a reversal can be taken back, and only once. All who
    had to sign the original sign.
    """

    name = "reversal"
    takes_from = ANY
    gives_to = ANY
    needs = ("reason", "corrects")

    def required_signers(self, entry: Entry, original: Entry | None = None) -> frozenset[str]:  # noqa: ARG002
        if original is None:
            raise LedgerError(LedgerCode.BAD_CORRECTION, "The entry that this reversal names is not at hand.")
        rules = {rule.name: rule for rule in MOVEMENTS if rule.name != self.name}
        if original.kind not in rules:
            raise LedgerError(LedgerCode.BAD_CORRECTION, f"An entry of kind {original.kind} cannot be taken back.")
        return rules[original.kind].required_signers(original)

    def check(self, entry: Entry, original: Entry | None = None) -> None:
        super().check(entry)
        if original is None:
            return
        self.required_signers(entry, original)
        mirrored = sorted(leg._replace(mass_mg=-leg.mass_mg) for leg in original.legs)
        if sorted(entry.legs) != mirrored or entry.parties != original.parties:
            raise LedgerError(
                LedgerCode.BAD_CORRECTION, "The reversal does not mirror the legs and parties of the entry it names."
            )


MOVEMENTS: tuple[Kind, ...] = (
    Receive(),
    Title(),
    Ship(),
    Arrive(),
    LeaseOut(),
    Return(),
    ReSupply(),
    Embody(),
    Process(),
    Collect(),
    Recover(),
    Exchange(),
    Loss(),
    Adjustment(),
    Reversal(),
)
