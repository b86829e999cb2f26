"""The offtake, clause by clause."""

from __future__ import annotations

from typing import Final

from contracts.core.text.common import AUDIT, FORCE_MAJEURE, GENERAL, LANGUAGE, LAW, LEDGER, signature
from contracts.core.text.markup import Rows
from contracts.core.text.render import ClauseTemplate

ROWS: Final[Rows] = {
    "payable": (
        """{element}: payable as {payable_mode}
[[payable_mode=PCT|PCT_MD|DED_PCT|PCT_DED|THRESHOLD: , {payable_pct} of the content]]
[[payable_mode=PCT_MD: and not more than the content less {deduction}]]
[[payable_mode=DED_PCT: , after a deduction of {deduction} from the content]]
[[payable_mode=PCT_DED: , less a deduction of {deduction}]]
[[payable_mode=THRESHOLD: , nothing being payable where the content is below {deduction}]]
[[payable_mode=BAND: , by these bands: {bands:inline-band}]]
[[payable_unit_dp: ; the payable quantity, in the unit of its price, being rounded to {payable_unit_dp}]]""",
        """{element}：计价方式为{payable_mode}
[[payable_mode=PCT|PCT_MD|DED_PCT|PCT_DED|THRESHOLD:，按含量的 {payable_pct} 计价]]
[[payable_mode=PCT_MD:，且不超过含量减 {deduction}]]
[[payable_mode=DED_PCT:，先自含量扣减 {deduction}]]
[[payable_mode=PCT_DED:，再扣减 {deduction}]]
[[payable_mode=THRESHOLD:；含量低于 {deduction} 的不计价]]
[[payable_mode=BAND:，按下列档位：{bands:inline-band}]]
[[payable_unit_dp:；计价量按计价单位保留 {payable_unit_dp}]]""",
    ),
    "inline-band": ("from {content_from} of content {payable_pct}", "含量 {content_from} 起 {payable_pct}"),
    "refining": (
        "{element}: [[refining_charge: {refining_charge} of payable metal]][[!refining_charge: none]]",
        "{element}：[[refining_charge:计价金属{refining_charge}]][[!refining_charge:无]]",
    ),
    "splitting": (
        "{element}: splitting limit {splitting_limit} ({splitting_basis}), results being reported to {reporting_dp}",
        "{element}：化验允差 {splitting_limit}（{splitting_basis}），结果报至 {reporting_dp}",
    ),
    "penalty": (
        """{element} (measured in {unit}): above {threshold}, {rate_per_step} of dry weight for each {step}
[[pro_rata: , fractions in proportion]][[!pro_rata: , full steps only]]
[[reject_above: ; the Buyer may reject a lot above {reject_above}]]""",
        """{element}（以 {unit} 计）：超过 {threshold} 的部分，每 {step} 罚扣干重{rate_per_step}
[[pro_rata:，不足一档按比例]][[!pro_rata:，不足一档不计]][[reject_above:；超过 {reject_above} 的，买方可拒收]]""",
    ),
}

_PARTIES = ClauseTemplate(
    "parties",
    "Parties and definitions",
    "当事方与定义",
    """
This Agreement is made between {party.seller} (the "Seller") and {party.buyer} (the "Buyer").

"Product" means {product}. "Lot" means a quantity of Product that is weighed, sampled and assayed as one. "Payable
Metal" means, for each element, net dry weight x payable content. "Ledger" means the signed append-only ledger on which
the Parties record entries under this Agreement.
""",
    """
本协议由 {party.seller}（“卖方”）与 {party.buyer}（“买方”）订立。

“产品”指{product_zh}。“批次”指作为一个整体称重、取样和化验的产品数量。“计价金属”指各元素之净干重乘以计价含量。“账本”指
双方用于记录本协议项下分录、经签名且只可追加的账本。
""",
)

_PRODUCT = ClauseTemplate(
    "product",
    "Product and quality",
    "产品与质量",
    """
The Seller sells and the Buyer buys {product} of the Seller's production, dry, free-flowing, free of radioactivity and
of foreign matter, packed, marked and documented as the law of the places of shipment and arrival requires.

The Seller warrants that it has title to the Product, free of liens, and that no lessor's material is contained in it
unless the Ledger shows the lessor's consent.
""",
    """
卖方出售、买方购买卖方生产的{product_zh}，产品应干燥、松散，不含放射性及异物，并按发运地与到达地法律要求包装、
标识及随附单证。

卖方保证其对产品享有所有权且无任何担保权益；除账本载明出租方同意外，产品不含任何出租方之矿物。
""",
)

_TERM = ClauseTemplate(
    "term",
    "Term",
    "期限",
    """
This Agreement applies to Lots shipped from {commencement} to {maturity}, the last day excluded. Lots shipped before it
ends are settled under it.
""",
    """
本协议适用于自{commencement}起至{maturity}（不含当日）装运的批次。届满前装运的批次仍依本协议结算。
""",
)

_DELIVERY = ClauseTemplate(
    "delivery",
    "Delivery",
    "交付",
    """
The Product is delivered {incoterm} {delivery_place} (Incoterms 2020). The days of shipment, arrival and delivery of
each Lot are recorded as facts with the document that shows them.
""",
    """
产品按 {incoterm} {delivery_place}（Incoterms 2020）交付。各批次之装运、到达及交付日期应连同证明文件记录为事实。
""",
)

_TITLE = ClauseTemplate(
    "title",
    "Title and risk",
    "所有权与风险",
    """
Title to and risk in a Lot pass from the Seller to the Buyer on {title_passes}, and the Parties sign the entry of the
transfer on that day. If the Buyer rejects a Lot, title returns to the Seller when the Seller has refunded what was paid
for it; the Buyer keeps the Lot in safe custody at the Seller's cost until it is collected.
""",
    """
批次之所有权与风险于{title_passes}时由卖方移转于买方，双方应于当日签署所有权转移分录。买方拒收批次的，
卖方退还已付款项时所有权
复归卖方；在卖方取回前，买方应妥善保管，费用由卖方承担。
""",
)

_WEIGHT = ClauseTemplate(
    "weight",
    "Weighing, moisture and sampling",
    "称重、水分与取样",
    """
Each Lot is weighed and sampled at the place of delivery in the presence of both Parties. The moisture of a Lot is that
of the joint sample, or the mean of what the Parties report. Net dry weight is wet weight x (100 % - moisture), rounded
to {weight_dp} of a kilogram. [[franchise_pct: A franchise of {franchise_pct} is taken off the dry weight.]]
[[payable_dp: Payable Metal is rounded to {payable_dp} of a kilogram.]]

A moisture of 100 % or more, or a dry weight of nothing, is no result and is taken again.
[[over_moisture_reject_pct: The Buyer may reject a Lot whose moisture is above {over_moisture_reject_pct}.]]
""",
    """
每一批次于交付地点在双方在场时称重取样。批次水分以共同样品为准，或取双方报告之均值。
净干重为湿重 ×（100% − 水分），以千克计
保留 {weight_dp}。[[franchise_pct:干重扣除 {franchise_pct} 免计。]][[payable_dp:计价金属以千克计保留 {payable_dp}。]]

水分达到或超过 100%，或干重为零的，不构成有效结果，应重新测定。
[[over_moisture_reject_pct:水分超过 {over_moisture_reject_pct} 的批次，买方可拒收。]]
""",
)

_ASSAY = ClauseTemplate(
    "assay",
    "Assay exchange and umpire",
    "化验交换与仲裁",
    """
Sealed samples are taken for the Seller, the Buyer, the umpire and reserve. The Parties exchange their results at the
same time, within {exchange_deadline_days} after {title_passes}. If only one Party has reported by then, binding is:
{default_binding}.

If two reported results differ by no more than the splitting limit, the limit itself included, their mean is final. If
they differ by more, the umpire assays its sample once both results are known, and the final result is {umpire_rule}.
By element: {elements:splitting}

The umpire's fee is borne by the Party whose result is farther from the umpire's; if both are equally far, by both in
equal shares.
""",
    """
样品封存为卖方、买方、仲裁及备用各一份。双方应于{title_passes}后 {exchange_deadline_days}内同时交换化验结果。
届时仅一方报告的，
以何方为准：{default_binding}。

双方报告结果之差不超过化验允差（含等于）的，取均值为最终结果；超过的，在双方结果均已知后由仲裁机构化验其样品，
最终结果为：
{umpire_rule}。各元素如下：{elements:splitting}

仲裁费由结果距仲裁结果较远的一方承担；距离相等的，双方各半。
""",
)

_PAYABLE = ClauseTemplate(
    "payable",
    "Payable metal",
    "计价金属",
    """
The Buyer pays for the following elements, and for no others: {elements:payable}

The payable content is never less than zero. Payable Metal is computed for each Lot and then added up.
""",
    """
买方仅就下列元素付款：{elements:payable}

计价含量不得为负。计价金属按批次计算后相加。
""",
)

_PRICE = ClauseTemplate(
    "price",
    "Price and quotational period",
    "价格与计价期",
    """
The price of each element is: {elements:price}

The arithmetic mean is taken of values as published, on the days on which they were to be published; a holiday of the
publisher is not a missing value. A value that its publisher restates within 30 days is used as restated. Where a price
is disrupted, settlement remains provisional until the Parties have agreed a substitute in good faith, failing which
the body named in the clause on disputes determines it.
""",
    """
各元素价格如下：{elements:price}

平均价取应公布日之公布值的算术平均；发布方假日不视为缺失。发布方在 30 天内更正的，以更正后为准。价格中断的，
在双方善意商定替代
价格前结算保持暂定；商定不成的，由争议条款所指机构确定。
""",
)

_CHARGES = ClauseTemplate(
    "charges",
    "Treatment, refining and other charges",
    "加工费、精炼费及其他费用",
    """
From the value of the Payable Metal are taken off: a treatment charge of {treatment_charge}, counted by the
{treatment_basis}[[min_treatment_charge: , but at least {min_treatment_charge} for each Lot]]; refining charges by
element: {elements:refining}

[[freight_per_lot: Freight and other costs are {freight_per_lot} for each Lot.]]
[[!freight_per_lot: No freight is charged.]]
""",
    """
自计价金属价值中扣除：加工费{treatment_charge}，按{treatment_basis}计收
[[min_treatment_charge:，每批不低于 {min_treatment_charge}]]；各元素精炼费：{elements:refining}

[[freight_per_lot:每批运费及其他费用为 {freight_per_lot}。]][[!freight_per_lot:不另计运费。]]
""",
)

_PENALTIES = ClauseTemplate(
    "penalties",
    "Penalties and rejection",
    "杂质罚扣与拒收",
    """
[[penalties: For impurities the following is taken off: {penalties:penalty}]][[!penalties: No penalties apply.]]

An impurity is assayed in the unit stated here, and its level is the mean of the Parties' results. A Lot that the Buyer
may reject, and rejects within 10 business days after the results are known, is not paid for, bears the cost of storage
and return, and does not count as delivered.
""",
    """
[[penalties:杂质按下列罚扣：{penalties:penalty}]][[!penalties:不设杂质罚扣。]]

杂质以此处所列单位化验，其含量取双方结果之均值。买方有权拒收、并于结果已知后 10 个工作日内拒收的批次不予付款，
承担仓储及退运费用，
且不计入交付量。
""",
)

_PAYMENT = ClauseTemplate(
    "payment",
    "Provisional and final payment, set-off",
    "暂付、终付与抵销",
    """
On {provisional_trigger} of a Lot the Seller issues a provisional statement in {currency} for {provisional_pct} of its
settlement value, on the weights and assays then known, the metal being valued at {provisional_price}.

When weight, assays and prices are all final, the Seller issues the final statement. It states the whole settlement and
takes off what was paid before. If that leaves less than nothing, the Seller refunds the difference against a credit
note. What has been paid provisionally does not limit what is finally due.

Statements are paid within {payment_days} after the period that they settle; if that day is not a business day of the
calendar {calendar} it is moved ({business_day_rule}). Each line is rounded once, to the smallest unit of the currency,
half away from zero. A statement once issued is corrected only by a revision that bills the difference.
[[set_off: Each Party may set off amounts due and undisputed between the Parties.]]
[[!set_off: Payments are made without set-off.]]
""",
    """
批次{provisional_trigger}时，卖方以 {currency} 出具暂定结算单，金额为其结算额的 {provisional_pct}，
按当时已知之重量与化验，金属
按{provisional_price}计值。

重量、化验与价格均为最终时，卖方出具最终结算单，载明全部结算额并扣减前期付款。结果为负的，
卖方凭贷项通知单退还差额。已暂付金额
不构成最终应付金额之上限。

结算单应于所结算期间后 {payment_days}内支付；该日非{calendar}之工作日的，按“{business_day_rule}”规则调整。
每一行项仅舍入一次，
至币种最小单位，四舍五入（远离零）。结算单出具后，仅得以就差额计收的修订结算单更正。
[[set_off:任何一方可抵销双方之间到期且无争议的款项。]][[!set_off:付款不得抵销。]]
""",
)

CLAUSES: Final = (
    _PARTIES,
    _PRODUCT,
    _TERM,
    _DELIVERY,
    _TITLE,
    _WEIGHT,
    _ASSAY,
    _PAYABLE,
    _PRICE,
    _CHARGES,
    _PENALTIES,
    _PAYMENT,
    LEDGER,
    AUDIT,
    FORCE_MAJEURE,
    GENERAL,
    LAW,
    LANGUAGE,
    signature("seller", "buyer"),
)
