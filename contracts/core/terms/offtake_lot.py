"""K3: one lot, from its weight and assays to what is payable for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from contracts.core.assays import Agreed, Exchange, agree
from contracts.core.assembly import Assembly
from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact, FactKind, FactStatus, of_kind
from contracts.core.fields import LimitBasis
from contracts.core.numbers import HUNDRED
from contracts.core.prices import Anchor
from contracts.core.rounding import Rounding
from contracts.core.terms.offtake_terms import Binding, OfftakeTerms, Penalty
from contracts.core.trace import Input, Node, Op, const, term, use

EVENT_OF: Final = {
    Anchor.SHIPMENT: "shipment",
    Anchor.ARRIVAL: "arrival",
    Anchor.DELIVERY: "delivery",
    Anchor.PERIOD: "shipment",
    Anchor.FIXED: "shipment",
}


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot with everything recorded about it, and the terms that hold for it."""

    name: str
    facts: tuple[Fact, ...]
    terms: OfftakeTerms
    version: int
    known_at: datetime

    def event(self, anchor: Anchor) -> Fact | None:
        """Return the milestone that an anchor names, the last one where it was recorded twice."""
        wanted = EVENT_OF[anchor]
        found = [f for f in of_kind(self.facts, FactKind.MILESTONE, self.name) if f.text("event") == wanted]
        return found[-1] if found else None

    def day_of(self, anchor: Anchor) -> date:
        """Return the day of an event; raises `missing-fact`."""
        found = self.event(anchor)
        if found is None:
            raise self.missing(f"its {EVENT_OF[anchor]}", f"{self.name}:{EVENT_OF[anchor]}")
        return found.effective

    def missing(self, what: str, subject: str) -> SettlementError:
        """Return the error that names what is still to be recorded for the lot."""
        return SettlementError(
            SettlementCode.MISSING_FACT,
            f"The lot {self.name} cannot be settled: {what} has not been recorded. Record it as a fact of the lot.",
            subject=subject,
        )


class LotRecord:
    """What is recorded about a lot, agreed: weights, moisture, assays, and whether it is taken at all."""

    def __init__(self, assembly: Assembly, lot: Lot, *, final: bool) -> None:
        self.assembly, self.lot, self.final = assembly, lot, final

    def add(
        self,
        name: str,
        text: tuple[str, str],
        op: Op,
        inputs: Iterable[Input],
        unit: str,
        clause: str,
        dp: int | None = None,
    ) -> Node:
        """Add one step of the lot to the trace."""
        label = (f"{self.lot.name}: {text[0]}", f"{self.lot.name}：{text[1]}")
        rounding = Rounding(dp) if dp is not None else None
        node_id = f"{self.lot.name}.{name}"
        return self.assembly.tracer.add(node_id, *label, op, inputs, unit, clause=clause, rounding=rounding)

    def require(self, fact: Fact, what: str) -> Fact:
        if self.final and fact.status is not FactStatus.FINAL:
            raise SettlementError(
                SettlementCode.NOT_FINAL,
                f"The lot {self.lot.name} cannot be settled finally: {what} ({fact.id}) is still provisional. Record"
                " the final figure, or settle the lot provisionally.",
                subject=fact.id,
            )
        return fact

    def _best(self, kind: FactKind, what: str) -> Fact:
        found = of_kind(self.lot.facts, kind, self.lot.name)
        settled = [f for f in found if f.status is FactStatus.FINAL] or list(found)
        if not settled:
            raise self.lot.missing(what, f"{self.lot.name}:{kind}")
        return self.require(settled[-1], what)

    def weights(self) -> tuple[Node, Node]:
        """Return the wet weight, and the net dry weight: round(wet x (1 - moisture)) x (1 - franchise)."""
        terms = self.lot.terms
        weight = self._best(FactKind.WEIGHT, "its weight")
        given = Input("net_wet", weight.number("net_wet_kg"), "kg", weight.ref)
        wet = self.add("wet", ("net wet weight", "净湿重"), Op.CHOSEN, (given,), "kg", "weight")
        moisture = self._moisture()
        left = (const("hundred", 100, "%", "plus"), use(moisture, "moisture", "minus"))
        solids = self.add("solids", ("dry share", "干基比例"), Op.SUM, left, "%", "weight")
        inputs = (use(wet, "net_wet", "times"), use(solids, "dry_share", "times"), const("hundred", 100, "%", "over"))
        dry = self.add("dry", ("dry weight", "干重"), Op.PRODUCT, inputs, "kg", "weight", terms.weight_dp)
        if terms.franchise_pct != 0:
            path = f"franchise_pct@v{self.lot.version}"
            counted = (const("hundred", 100, "%", "plus"), term("franchise", terms.franchise_pct, "%", path, "minus"))
            share = self.add("franchise", ("share that counts", "计重比例"), Op.SUM, counted, "%", "weight")
            inputs = (use(dry, "dry", "times"), use(share, "share", "times"), const("hundred", 100, "%", "over"))
            dry = self.add("net-dry", ("net dry weight", "净干重"), Op.PRODUCT, inputs, "kg", "weight")
        if wet.result <= 0 or dry.result <= 0:
            raise weight.refuse(f"it leaves a dry weight of {dry.result} kg")
        return wet, dry

    def _moisture(self) -> Node:
        found = of_kind(self.lot.facts, FactKind.MOISTURE, self.lot.name)
        if not found:
            raise self.lot.missing("its moisture", f"{self.lot.name}:moisture")
        by_party: dict[str, Fact] = {}
        for fact in found:
            by_party[fact.value.get("party", "")] = fact
        agreed = [by_party[""]] if "" in by_party else list(by_party.values())
        inputs = []
        for fact in agreed:
            self.require(fact, "its moisture")
            moisture = fact.number("moisture_pct")
            if not 0 <= moisture < HUNDRED:
                raise fact.refuse(
                    f"a moisture of {moisture} % leaves no dry weight; it must be at least 0 and below 100"
                )
            inputs.append(Input(fact.value.get("party", "") or "moisture", moisture, "%", fact.ref))
        return self.add("moisture", ("moisture", "水分"), Op.MEAN, inputs, "%", "weight")

    def results(self, element: str) -> dict[str, Fact]:
        found = of_kind(self.lot.facts, FactKind.ASSAY, self.lot.name)
        results: dict[str, Fact] = {}
        for fact in found:
            if fact.text("element") == element:
                party = fact.text("party")
                if party not in ("seller", "buyer", "umpire"):
                    raise fact.refuse(f"its party {party!r} is none of seller, buyer, umpire")
                results[party] = fact
        return {party: results[party] for party in ("seller", "buyer", "umpire") if party in results}

    def agreed(self, element: str, exchange: Exchange, label: tuple[str, str]) -> Agreed:
        results = self.results(element)
        prefix = f"{self.lot.name}.{element}.assay"
        agreed = agree(self.assembly.tracer, prefix, label, results, exchange, binding=self._binding(results))
        if agreed is None:
            raise self.lot.missing(f"an assay of {element}", f"{self.lot.name}:assay:{element}")
        if self.final and not agreed.final:
            what = "the umpire's result" if agreed.method == "umpire-awaited" else "the other party's final result"
            raise SettlementError(
                SettlementCode.NOT_FINAL,
                f"The lot {self.lot.name} cannot be settled finally: {what} for {element} is awaited. Record it, or"
                " settle the lot provisionally.",
                subject=f"{self.lot.name}:assay:{element}",
            )
        if agreed.fee_payer:
            self._umpire_flag(element, agreed)
        return agreed

    def _umpire_flag(self, element: str, agreed: Agreed) -> None:
        payer = {"both": "both parties, half each", "seller": "the seller", "buyer": "the buyer"}[agreed.fee_payer]
        payer_zh = {"both": "双方各半", "seller": "卖方", "buyer": "买方"}[agreed.fee_payer]
        self.assembly.flag(
            "umpire",
            f"{self.lot.name}:{element}",
            f"{self.lot.name}, {element}: the assays lay further apart than the splitting limit, so the umpire's result"
            f" was used; the umpire's fee is borne by {payer}.",
            f"{self.lot.name}，{element}：双方化验超出化验允差，已采用仲裁化验；仲裁费由{payer_zh}承担。",
        )

    def _binding(self, results: dict[str, Fact]) -> str:
        """Return the party whose result binds because the exchange is over, or nothing while it is not."""
        terms = self.lot.terms
        if terms.default_binding is Binding.NONE or not results:
            return ""
        event = self.lot.event(terms.title_passes)
        begins = event.effective if event else min(f.effective for f in results.values())
        over = self.lot.known_at.date() > begins + timedelta(days=terms.exchange_deadline_days)
        return terms.default_binding.value if over else ""

    def level(self, penalty: Penalty) -> Node:
        """Return the agreed level of an impurity: the mean of what both parties report."""
        exchange = Exchange(None, LimitBasis.ABS, 6, self.lot.terms.umpire_rule, "penalties")
        label = (f"{self.lot.name} {penalty.element}", f"{self.lot.name} {penalty.element}")
        for fact in self.results(penalty.element).values():
            if fact.value.get("unit", "%") != penalty.unit:
                raise fact.refuse(f"it is reported in {fact.value.get('unit')}, the penalty counts in {penalty.unit}")
        return self.agreed(penalty.element, exchange, label).node

    def rejected(self, levels: dict[str, Node]) -> bool:
        terms = self.lot.terms
        for penalty in terms.penalties:
            if penalty.reject_above is not None and levels[penalty.element].result > penalty.reject_above:
                self._reject(
                    f"{penalty.element} is {levels[penalty.element].result} {penalty.unit}", f"{penalty.reject_above}"
                )
                return True
        limit = terms.over_moisture_reject_pct
        moisture = next(n for n in self.assembly.tracer.nodes if n.id.startswith(f"{self.lot.name}.moisture"))
        if limit is not None and moisture.result > limit:
            self._reject(f"its moisture is {moisture.result} %", f"{limit}")
            return True
        return False

    def _reject(self, why: str, limit: str) -> None:
        self.assembly.flag(
            "rejected",
            self.lot.name,
            f"The lot {self.lot.name} is rejected: {why}, above the limit of {limit}. Nothing is payable for it, and it"
            " does not count as delivered.",
            f"批次 {self.lot.name} 拒收：超过限值 {limit}（{why}）。该批不计价，亦不计入交付量。",
        )
