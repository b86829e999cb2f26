"""The material lease, clause by clause."""

from __future__ import annotations

from typing import Final

from contracts.core.text.common import AUDIT, FORCE_MAJEURE, GENERAL, LANGUAGE, LAW, LEDGER, signature
from contracts.core.text.markup import Rows
from contracts.core.text.render import ClauseTemplate

ROWS: Final[Rows] = {
    "material": ("{element}, delivered as {form}", "{element}，交付形态为 {form}"),
    "rates": (
        """{element}: [[rate_pct: a lease rate of its own of {rate_pct}]][[!rate_pct: the rate stated above]]
[[fee_per_kg_month: and a fee of {fee_per_kg_month}]]
[[inception_price: ; its price at inception is {inception_price}]]""",
        """{element}：[[rate_pct:单独约定的租赁费率为{rate_pct}]][[!rate_pct:适用上述费率]]
[[fee_per_kg_month:，定额租费为{fee_per_kg_month}]]
[[inception_price:；起租价格为{inception_price}]]""",
    ),
    "losses": (
        """{element}: process loss up to {process_loss_pct}, loss in use up to {use_loss_pct}, accountability
{accountability_pct} of the contained mass assayed""",
        """{element}：工艺损耗不超过 {process_loss_pct}，使用损耗不超过 {use_loss_pct}，
按化验金属含量的 {accountability_pct} 入账""",
    ),
}

_PARTIES = ClauseTemplate(
    "parties",
    "Parties and definitions",
    "当事方与定义",
    """
This Agreement is made between {party.lessor} (the "Lessor") and {party.lessee} (the "Lessee").

"Leased Material" means the contained mass of each element listed in the clause on leased material that the Lessor has
delivered under this Agreement and that has not been credited, bought out or accounted for as lost. "Ledger" means the
signed append-only ledger on which the Parties record entries under this Agreement. "Asset" means a battery, cell or
other product in which Leased Material is embodied.
""",
    """
本协议由 {party.lessor}（“出租方”）与 {party.lessee}（“承租方”）订立。

“租赁矿物”指出租方依本协议交付、且尚未入账归还、买断或作为损耗核销的、租赁矿物条款所列各元素的金属含量。“账本”指双方
用于记录本协议项下分录、经签名且只可追加的账本。“资产”指内含租赁矿物的电池、电芯或其他产品。
""",
)

_MATERIAL = ClauseTemplate(
    "material",
    "Leased material",
    "租赁矿物",
    """
The Lessor leases to the Lessee, and the Lessee takes on lease, the following elements: {elements:material}

Quantities are kilograms of contained element, determined by {quantity_basis}, and are those of the Ledger.
[[allow_overdraft: The balance on lease of an element may temporarily fall below zero while entries are reconciled.]]
[[!allow_overdraft: The balance on lease of an element can never be less than zero.]]
""",
    """
出租方向承租方出租、承租方承租下列元素：{elements:material}

数量以所含元素千克数计，依{quantity_basis}确定，并以账本为准。
[[allow_overdraft:对账期间，某元素的在租余额可暂时为负。]][[!allow_overdraft:某元素的在租余额不得为负。]]
""",
)

_TITLE = ClauseTemplate(
    "title",
    "Title retained",
    "所有权保留",
    """
[[title_retained: Title to the Leased Material stays with the Lessor at all times.]] Nothing in this Agreement, and no
delivery, processing, payment of the Fee or passage of time, transfers title to the Lessee or to anyone who derives
possession from it.

Title continues when the Leased Material is dissolved, processed, coated, embodied in an Asset, or commingled with other
material. Where it has been commingled, the Lessor is co-owner of the commingled mass, of everything made from it and of
everything recovered from it, in the proportion that its contained mass bears to the whole; the proportion is kept in
the Ledger. Where by mandatory law title to a new thing vests in the Lessee or a third party, the Lessee holds that
thing, and its proceeds, as bailee and on trust for the Lessor to the extent of the Lessor's share, and transfers that
share to the Lessor in advance.

The Leased Material is allocated {allocation}. Where it is a pool, the Lessor's share is of a fungible mass of the same
element and basis, and the Lessee keeps at least that mass identified as the Lessor's; where it is by serial, the serial
numbers are those embodied in the Ledger.

The Lessee marks the Leased Material as the Lessor's in its books, keeps it free of liens, does not pledge or sell it,
informs its lenders, warehouse keepers and insolvency officers of the Lessor's title, and lets the Lessor file a notice
of it in every register that the Lessor thinks fit. This clause survives termination.
""",
    """
[[title_retained:租赁矿物的所有权始终由出租方保留。]]本协议的任何规定，以及任何交付、加工、租费支付或时间经过，
均不使所有权
移转于承租方或自其取得占有之任何人。

租赁矿物经溶解、加工、涂布、内含于资产或与他物混合后，所有权继续存续。发生混合的，
出租方按其金属含量占总量之比例，对混合
物、由其制成之物及自其回收之物享有共有权，该比例记入账本。依强制性法律新物之所有权归于承租方或第三人的，承租方就出租方
份额范围内代出租方保管该物及其收益并为出租方利益信托持有，且预先将该份额转让予出租方。

租赁矿物的分配方式为{allocation}。采用租赁池的，出租方之份额为同一元素、同一口径之可替代总量的相应部分，
承租方应至少保有
该数量并标识为出租方所有；按序列号分配的，以账本中内含的序列号为准。

承租方应在账册中将租赁矿物标明为出租方所有，不设任何担保权益，不予质押或出售，并将出租方之所有权告知其贷款人、
仓储保管人
及破产管理人；出租方可在其认为适当的任何登记机构办理登记。本条于本协议终止后继续有效。
""",
)

_DELIVERY = ClauseTemplate(
    "delivery",
    "Delivery and risk",
    "交付与风险",
    """
The Lessor delivers the Leased Material {incoterm} {delivery_place} (Incoterms 2020). Weight and samples are taken on
arrival in the presence of both Parties or of a surveyor whom they name together.

Custody and the risk of loss or damage pass to the Lessee on delivery, and stay with it until the Ledger records the
return. The Lessee records each change of custody, each transformation and each embodiment in the Ledger within 5
business days.

The Lessee insures the Leased Material from delivery to return, for its full value and against all usual risks, with the
Lessor as loss payee.
""",
    """
出租方按 {incoterm} {delivery_place}（Incoterms 2020）交付租赁矿物。到货时由双方或其共同指定的检验人在场称重取样。

交付时，保管及毁损灭失之风险移转于承租方，直至账本记录归还为止。承租方应在 5 个工作日内将每次保管变更、每次加工转化及
每次内含记入账本。

承租方应自交付至归还，按租赁矿物之全部价值投保通常风险，并以出租方为赔款受益人。
""",
)

_TERM = ClauseTemplate(
    "term",
    "Term",
    "期限",
    """
The lease begins on {commencement} and ends on {maturity}. It is renewed for one year at a time unless either Party
gives notice at least {evergreen_notice_days} before it would end.

Material that is still on lease when the term ends stays on lease, at the same Fee, until the Ledger records its return;
this is no renewal, and the Lessor may demand return at any time.
""",
    """
租赁自{commencement}起，至{maturity}止。除任何一方在届满前至少 {evergreen_notice_days}通知不续租外，每次续期一年。

期限届满时仍在租的矿物，在账本记录其归还前继续按相同租费计租；此并非续期，出租方可随时要求归还。
""",
)

_FEE = ClauseTemplate(
    "fee",
    "Lease fee",
    "租赁费",
    """
The Lessee pays a fee (the "Fee") for every day on which Leased Material is on lease at the end of the day: the day of
delivery is charged, the day of return is not. The Fee is charged as {rate_type}.
[[rate_type=FIXED: The lease rate is {rate_pct}.]]
[[rate_type=FLOATING: The lease rate is the benchmark {benchmark_series}, last published on or before the first day of
each sub-period, plus a spread of {spread_pct}.]] By element: {elements:rates}

[[rate_type=FIXED|FLOATING: For each sub-period in which quantity, rate, price and version of this Agreement are the
same, the Fee is quantity x price x rate x days / days of the year, counted {day_count}.]]
[[rate_type=PER_KG_MONTH: For each sub-period the Fee is quantity x fee per kg and month x days / days of that calendar
month; the day count {day_count} applies to interest only.]]
[[fee_medium=METAL: The Fee is paid in {fee_medium}: it is credited to the Lessor as contained mass of the same element,
without a price.]][[fee_medium=CURRENCY: The Fee is paid in {fee_medium}.]]

The Fee is settled every {fee_frequency_months}, by whole calendar months; the first and the last period may be shorter.
[[end_of_month: A period that begins on a month's last day ends on one.]] [[min_fee: The least Fee for a whole period is
{min_fee}, and for a shorter one, or one in which nothing was on lease on some days, in proportion to the days on which
something was.]]
""",
    """
承租方就租赁矿物于日终仍在租之每一日支付租赁费（“租费”）：交付当日计费，归还当日不计。租费方式为{rate_type}。
[[rate_type=FIXED:租赁费率为{rate_pct}。]]
[[rate_type=FLOATING:租赁费率为各分段首日或之前最近公布的基准 {benchmark_series} 加点{spread_pct}。
]]各元素如下：{elements:rates}

[[rate_type=FIXED|FLOATING:数量、费率、价格及协议版本均相同的每一分段，租费 = 数量 × 价格 × 费率 × 天数 ÷ 年天数，
计息基准为 {day_count}。]]
[[rate_type=PER_KG_MONTH:每一分段租费 = 数量 × 每千克每月定额 × 天数 ÷ 当月天数；计息基准 {day_count} 仅适用于利息。]]
[[fee_medium=METAL:租费以{fee_medium}支付：按同一元素之金属含量计入出租方名下，不另计价。
]][[fee_medium=CURRENCY:租费以{fee_medium}支付。]]

租费每 {fee_frequency_months}按整日历月结算，首期与末期可短于整期。[[end_of_month:自月末起算的期间以月末为止。]]
[[min_fee:每一整期最低租费为 {min_fee}；不足整期，或部分日期无在租矿物的，按有在租矿物之天数比例计算。]]
""",
)

_PRICE = ClauseTemplate(
    "price",
    "Price",
    "价格",
    """
[[fee_price_basis=INCEPTION: The Leased Material is valued at {fee_price_basis} stated for each element in the clause on
the lease fee.]][[fee_price_basis=PERIOD_AVG|PERIOD_END: The Leased Material is valued at {fee_price_basis}.]] The price
of each element is: {elements:price}

A published value that its publisher restates within 30 days is used as restated, and the difference is settled by a
revision. Where a value is missing and no fallback applies: {missing_price}. Where a series is discontinued the Parties
agree a successor in good faith, failing which the umpire named in the clause on assay does.
""",
    """
[[fee_price_basis=INCEPTION:租赁矿物按租赁费条款所列各元素之{fee_price_basis}计值。]]
[[fee_price_basis=PERIOD_AVG|PERIOD_END:租赁矿物按{fee_price_basis}计值。]]各元素价格如下：{elements:price}

发布方在 30 天内更正的公布值以更正后为准，差额以修订结算单结清。公布值缺失且无可用替代方法时：{missing_price}。
价格指数
停止发布的，双方应善意商定替代指数；商定不成的，由化验条款所指仲裁机构确定。
""",
)

_PAYMENT = ClauseTemplate(
    "payment",
    "Payment and set-off",
    "付款与抵销",
    """
After each period the Lessor issues a statement in {currency}. It is paid within {payment_days} after the end of the
period; if that day is not a business day of the calendar {calendar} it is moved ({business_day_rule}), and the Fee is
not changed by the move.

Each line is rounded once, to the smallest unit of the currency, half away from zero. A statement once issued is
corrected only by a revision that recomputes the whole period and bills the difference.

An amount not paid when due bears interest at {default_rate_pct}, counted {day_count}. Each Party may set off amounts
due and undisputed under this Agreement. The Lessee may not set off against, or retain, the Leased Material itself.
""",
    """
每期结束后，出租方以 {currency} 出具结算单，承租方应在期末后 {payment_days}内付款；该日非{calendar}之工作日的，
按“{business_day_rule}”
规则调整，租费不因此变动。

每一行项仅舍入一次，至币种最小单位，四舍五入（远离零）。结算单出具后，仅得以重算整期并就差额计收的修订结算单更正。

逾期款项按{default_rate_pct}计息，计息基准为 {day_count}。任何一方可抵销本协议项下到期且无争议的款项。承租方不得以租赁
矿物本身主张抵销或留置。
""",
)

_RETURN = ClauseTemplate(
    "return",
    "Return, recovery and accountability",
    "归还、回收与入账",
    """
At the end of the life of an Asset, or of the lease, the Lessee has the Leased Material recovered and returned within
{return_window_days}, in the form delivered or as contained metal of the same element credited to the Lessor.

The quantity due is the quantity leased less the allowances; the quantity credited is net dry weight x assay x
accountability: {elements:losses}

A shortfall of what is credited against what is due is charged at {shortfall_price_pct} of the price of the month in
which recovery is recorded. Of a surplus the Lessee receives {surplus_share_pct} of its value. A recovery that exceeds
the quantity leased by more than {over_recovery_tolerance_pct} is held, and nothing is paid for it, until the Parties
have reconciled it.

Where material of several lessors is recovered in one batch, what is recovered is allocated to them in proportion to the
contained mass that each put in, so that the shares add up to the batch.
""",
    """
资产寿命终止或租赁届满时，承租方应在 {return_window_days}内回收并归还租赁矿物，以交付时之形态，
或以同一元素之金属含量计入
出租方名下。

应归还量为租赁量减允许损耗；入账量为净干重 × 化验 × 入账比例：{elements:losses}

入账量低于应归还量的缺口，按记录回收当月价格的 {shortfall_price_pct} 计收。
盈余价值的 {surplus_share_pct} 归承租方。回收量
超出租赁量 {over_recovery_tolerance_pct} 以上的，在双方对账前暂不结算。

多个出租方之矿物于同一批次回收的，按各自投入之金属含量比例分配，各份额之和等于该批次总量。
""",
)

_ASSAY = ClauseTemplate(
    "assay",
    "Assay exchange and umpire",
    "化验交换与仲裁",
    """
Each delivery and each recovery is sampled in the presence of both Parties into sealed sets for the Lessor, the Lessee,
the umpire and reserve. The Parties' results are exchanged at the same time.

If the two reported results differ by no more than the splitting limit of {splitting_limit} ({splitting_basis}), their
mean is final. If they differ by more, the umpire assays its sample, and the final result is {umpire_rule}. The umpire's
fee is borne by the Party whose result is farther from the umpire's; if both are equally far, by both in equal shares.
""",
    """
每次交付与每次回收均在双方在场时取样并封存，分为出租方、承租方、仲裁及备用各一份。双方化验结果同时交换。

双方报告结果之差不超过化验允差 {splitting_limit}（{splitting_basis}）的，取均值为最终结果；超过的，
由仲裁机构化验其样品，最终
结果为：{umpire_rule}。仲裁费由结果距仲裁结果较远的一方承担；距离相等的，双方各半。
""",
)

_LOSS = ClauseTemplate(
    "loss",
    "Loss and casualty",
    "损耗与灭失",
    """
Leased Material that is destroyed, stolen or cannot be traced is recorded as lost on the day of the event, and bears no
Fee from that day. Loss beyond the allowances of this Agreement is borne by {casualty_bearer}, at the price of the month
of the event. A difference that is not explained is shown as unexplained in the Ledger until it is.
""",
    """
毁损、被盗或去向不明的租赁矿物，自事件当日记为灭失，并自该日起不计租费。
超出本协议允许范围的损耗由{casualty_bearer}承担，按事件
当月价格计值。未查明的差异在账本中列为未解释差异，直至查明。
""",
)

_BUYOUT = ClauseTemplate(
    "buyout",
    "Buy-out",
    "买断",
    """
The Lessee may, on 30 days' notice, buy Leased Material at the price of the month of the purchase plus a premium of
{buyout_premium_pct}. Title passes when that price has been paid and the entry of the transfer has been signed by both
Parties.
""",
    """
承租方提前 30 天通知，可按购买当月价格加 {buyout_premium_pct} 溢价买断租赁矿物。价款付清且所有权转移分录经双方签署时，
所有权移转。
""",
)

_TRANSFER = ClauseTemplate(
    "transfer",
    "Sale of assets",
    "资产转售",
    """
An Asset may be sold on only subject to the Lessor's title in what it contains. When it is: {transfer_on_sale}. The
outgoing holder owes the Fee to the day before the transfer, the incoming one from the day of it.
""",
    """
资产仅得在保留出租方对其所含矿物之所有权的前提下转售。转售时：{transfer_on_sale}。转出方承担至转让前一日之租费，
转入方自转让
当日起承担。
""",
)

_DEFAULT = ClauseTemplate(
    "default",
    "Default and termination",
    "违约与终止",
    """
If a Party does not pay within 10 business days after notice that an amount is overdue, breaches its duties concerning
title, or becomes insolvent, the other may terminate this Agreement by notice. On termination the Lessor may demand the
Leased Material, enter the places where it is kept to identify and remove it, and instruct every person who holds it;
what cannot be returned is charged as a shortfall.
""",
    """
一方在收到逾期通知后 10 个工作日内仍未付款、违反有关所有权之义务或陷入破产的，对方可通知终止本协议。终止后，
出租方有权要求归还
租赁矿物、进入存放场所识别及取回，并直接指示任何持有人；无法归还的，按缺口计收。
""",
)

CLAUSES: Final = (
    _PARTIES,
    _MATERIAL,
    _TITLE,
    _DELIVERY,
    _TERM,
    _FEE,
    _PRICE,
    _PAYMENT,
    _RETURN,
    _ASSAY,
    _LOSS,
    _BUYOUT,
    _TRANSFER,
    LEDGER,
    AUDIT,
    _DEFAULT,
    FORCE_MAJEURE,
    GENERAL,
    LAW,
    LANGUAGE,
    signature("lessor", "lessee"),
)
