"""K3: the lines of one lot: metal values, charges, penalties."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from contracts.core.assays import Exchange
from contracts.core.assembly import Assembly
from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.fields import ELEMENT_NAMES, Policy
from contracts.core.numbers import HUNDRED
from contracts.core.period import first_of_month
from contracts.core.price_figures import PriceBook, Pricing
from contracts.core.prices import UNIT_KG, Anchor
from contracts.core.pricing import UnitPrice, last_published, unit_price
from contracts.core.statement import LineStatus
from contracts.core.terms.offtake_lot import Lot, LotRecord
from contracts.core.terms.offtake_payable import payable_content
from contracts.core.terms.offtake_terms import PayableElement, Penalty, ProvisionalPrice
from contracts.core.trace import Input, Node, Op, const, term, use


class LotSettlement(LotRecord):
    """Computes the lines of one lot, at the provisional stage or the final one."""

    def __init__(self, assembly: Assembly, book: PriceBook, lot: Lot, *, final: bool) -> None:
        super().__init__(assembly, lot, final=final)
        self.book = book
        self.roots: list[Node] = []

    def compute(self) -> Node | None:
        """Add the lines of the lot and return its settlement in money; None where the lot was rejected."""
        wet, dry = self.weights()
        levels = {p.element: self.level(p) for p in self.lot.terms.penalties}
        if self.rejected(levels):
            return None
        for n, row in enumerate(self.lot.terms.elements):
            self._element(n, row, dry)
        self._treatment(wet, dry)
        for n, penalty in enumerate(self.lot.terms.penalties):
            self._penalty(n, penalty, levels[penalty.element], dry)
        self._freight()
        inputs = [use(root, root.id, "plus") for root in self.roots]
        return self.add("settlement", ("settlement", "结算额"), Op.SUM, inputs, self.assembly.currency, "payment")

    def _element(self, n: int, row: PayableElement, dry: Node) -> None:
        names, path = ELEMENT_NAMES[row.element], f"elements.{n}@v{self.lot.version}"
        rule = self.lot.terms.umpire_rule
        exchange = Exchange(row.splitting_limit, row.splitting_basis, row.reporting_dp, rule, path)
        agreed = self.agreed(
            row.element.value, exchange, (f"{self.lot.name} {names[0]}", f"{self.lot.name} {names[1]}")
        )
        if agreed.node.result > HUNDRED:
            raise self.results(row.element.value)["seller"].refuse("a content above 100 % cannot be")
        prefix = f"{self.lot.name}.{row.element}"
        payable = payable_content(self.assembly.tracer, prefix, path, row, agreed.node)
        inputs = (use(dry, "dry", "times"), use(payable, "payable", "times"), const("hundred", 100, "%", "over"))
        text = (f"payable {names[0]}", f"计价{names[1]}")
        quantity = self.add(
            f"{row.element}.quantity", text, Op.PRODUCT, inputs, "kg", "payable", self.lot.terms.payable_dp
        )
        price = self._price(n, row)
        value = [use(quantity, "quantity", "times"), use(price.node, "price", "times"), *price.conversion()]
        if row.payable_unit_dp is not None:
            quantity, value = self._in_price_unit(row, quantity, price)
        text = (f"{names[0]} value", f"{names[1]}价值")
        self._line(
            f"{row.element}.value",
            "metal-value",
            "payable",
            text,
            Op.PRODUCT,
            value,
            (quantity.result, quantity.unit),
            price.node,
        )
        self._refining(n, row, quantity)

    def _in_price_unit(self, row: PayableElement, quantity: Node, price: UnitPrice) -> tuple[Node, list[Input]]:
        """Round the payable quantity in the unit that the price is quoted for, as some contracts settle it."""
        names = ELEMENT_NAMES[row.element]
        text = (f"payable {names[0]} in {price.unit}", f"计价{names[1]}（{price.unit}）")
        given = (use(quantity, "quantity", "times"), *price.conversion())
        name = f"{row.element}.quantity-{price.unit}"
        rounded = self.add(name, text, Op.PRODUCT, given, price.unit, "payable", row.payable_unit_dp)
        return rounded, [use(rounded, "quantity", "times"), use(price.node, "price", "times")]

    def _price(self, n: int, row: PayableElement) -> UnitPrice:
        names = ELEMENT_NAMES[row.element]
        pricing = Pricing(
            self.book,
            self.assembly.tracer,
            self.lot.terms.currency,
            f"{self.lot.name}.{row.element}.price",
            f"elements.{n}.price@v{self.lot.version}",
            f"{self.lot.name} {names[0]} price",
            f"{self.lot.name} {names[1]}价格",
            Policy.BLOCK,
        )
        price = self._final_price(pricing, row) if self.final else self._provisional_price(pricing, row)
        for flag in price.flags:
            self.assembly.flag(flag.code, flag.subject, flag.message_en, flag.message_zh)
        return price

    def _final_price(self, pricing: Pricing, row: PayableElement) -> UnitPrice:
        anchor = self.lot.day_of(row.price.anchor) if row.price.anchor is not Anchor.FIXED else self.lot.known_at.date()
        price = unit_price(pricing, row.price, anchor)
        for fact in price.facts:
            self.require(fact, "a price")
        return price

    def _provisional_price(self, pricing: Pricing, row: PayableElement) -> UnitPrice:
        """Price from what was published before the trigger: the month before, or the last figure at all."""
        trigger = self.lot.day_of(self.lot.terms.provisional_trigger)
        if row.price.anchor is Anchor.FIXED:
            return unit_price(pricing, row.price, trigger)
        if self.lot.terms.provisional_price is ProvisionalPrice.PRIOR_MONTH:
            prior = replace(row.price, offset_months=-1, span_months=1)
            try:
                return unit_price(pricing, prior, first_of_month(trigger))
            except SettlementError as error:
                if error.code != SettlementCode.MISSING_PRICE:
                    raise
                self.assembly.flag(
                    "fallback",
                    error.subject,
                    f"{pricing.label_en}: {error.subject} is not published, so the last published value is used.",
                    f"{pricing.label_zh}：{error.subject} 未公布，采用最近公布值。",
                )
        return last_published(pricing, row.price, trigger)

    def _refining(self, n: int, row: PayableElement, quantity: Node) -> None:
        if row.refining_charge == 0:
            return
        unit, names = row.refining_charge_unit, ELEMENT_NAMES[row.element]
        path = f"elements.{n}.refining_charge@v{self.lot.version}"
        charge = term("refining_charge", row.refining_charge, f"{self.assembly.currency}/{unit}", path, "times")
        inputs = [use(quantity, "quantity", "times"), charge]
        if quantity.unit != unit:
            inputs += [
                self._kg_per(row, u, role) for u, role in ((quantity.unit, "times"), (unit, "over")) if u != "kg"
            ]
        text = (f"refining charge, {names[0]}", f"{names[1]}精炼费")
        shown = (quantity.result, quantity.unit)
        self._charge(f"{row.element}.refining", "refining-charge", text, inputs, shown)

    @staticmethod
    def _kg_per(row: PayableElement, unit: str, role: str) -> Input:
        agreed = row.price.unit_kg if unit == row.price.unit else None
        return const(f"kg_per_{unit}", agreed or UNIT_KG[unit], f"kg/{unit}", role)

    def _treatment(self, wet: Node, dry: Node) -> None:
        terms = self.lot.terms
        if terms.treatment_charge == 0 and not terms.min_treatment_charge:
            return
        mass = dry if terms.treatment_basis == "dmt" else wet
        where = f"treatment_charge@v{self.lot.version}"
        rate = term("treatment_charge", terms.treatment_charge, f"{self.assembly.currency}/t", where, "times")
        inputs = [use(mass, "mass", "times"), rate, const("kg_per_t", 1000, "kg/t", "over")]
        text = ("treatment charge", "加工费")
        if terms.min_treatment_charge is None:
            self._charge("treatment", "treatment-charge", text, inputs, (mass.result, "kg"))
            return
        charged = self.add("treatment.by-weight", text, Op.PRODUCT, inputs, self.assembly.currency, "charges")
        least_path = f"min_treatment_charge@v{self.lot.version}"
        least = term("least", terms.min_treatment_charge, self.assembly.currency, least_path)
        higher = self.add(
            "treatment.higher", text, Op.MAX, (use(charged, "by_weight"), least), self.assembly.currency, "charges"
        )
        self._charge("treatment", "treatment-charge", text, [use(higher, "charge", "times")], (mass.result, "kg"))

    def _penalty(self, n: int, penalty: Penalty, level: Node, dry: Node) -> None:
        path = f"penalties.{n}"
        limit = term("threshold", penalty.threshold, penalty.unit, f"{path}.threshold@v{self.lot.version}")
        step = term("step", penalty.step, penalty.unit, f"{path}.step@v{self.lot.version}")
        op = Op.STEPS if penalty.pro_rata else Op.WHOLE_STEPS
        text = (f"steps of {penalty.element} above threshold", f"{penalty.element} 超限档数")
        steps = self.add(f"{penalty.element}.steps", text, op, (use(level, "level"), limit, step), "1", "penalties")
        if steps.result == 0:
            return
        rate_path = f"{path}.rate_per_step@v{self.lot.version}"
        rate = term("rate", penalty.rate_per_step, f"{self.assembly.currency}/t", rate_path, "times")
        inputs = [use(dry, "dry", "times"), use(steps, "steps", "times"), rate, const("kg_per_t", 1000, "kg/t", "over")]
        text = (f"penalty, {penalty.element}", f"{penalty.element} 罚扣")
        self._charge(f"{penalty.element}.penalty", "penalty", text, inputs, (steps.result, "steps"))

    def _freight(self) -> None:
        if self.lot.terms.freight_per_lot != 0:
            path = f"freight_per_lot@v{self.lot.version}"
            fee = term("freight", self.lot.terms.freight_per_lot, self.assembly.currency, path, "times")
            self._charge("freight", "freight", ("freight and other", "运费及其他"), [fee], (Decimal(1), "lot"))

    def _charge(
        self, name: str, code: str, text: tuple[str, str], inputs: list[Input], quantity: tuple[Decimal, str]
    ) -> None:
        """Add a line that the seller bears: its amount is what was computed, taken off."""
        value = self.add(f"{name}.charge", text, Op.PRODUCT, inputs, self.assembly.currency, "charges")
        self._line(name, code, "charges", text, Op.SUM, [use(value, "charge", "minus")], quantity, None)

    def _line(
        self,
        name: str,
        code: str,
        clause: str,
        text: tuple[str, str],
        op: Op,
        inputs: list[Input],
        quantity: tuple[Decimal, str],
        price: Node | None,
    ) -> None:
        label = (f"{self.lot.name}: {text[0]}", f"{self.lot.name}：{text[1]}")
        root = self.assembly.amount(f"{self.lot.name}.{name}", label, op, inputs, clause)
        self.roots.append(root)
        status = LineStatus.FINAL if self.final else LineStatus.PROVISIONAL
        shown = (price.result, price.unit) if price else None
        component = f"{code}.{name.split('.', maxsplit=1)[0]}" if "." in name else code
        self.assembly.line(
            code, clause, label, root, quantity, shown, status, component=component, subject=self.lot.name
        )
