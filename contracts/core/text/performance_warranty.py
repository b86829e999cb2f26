"""The performance warranty, clause by clause."""

from __future__ import annotations

from typing import Final

from contracts.core.text.common import AUDIT, FORCE_MAJEURE, GENERAL, LANGUAGE, LAW, LEDGER, signature
from contracts.core.text.markup import Rows
from contracts.core.text.render import ClauseTemplate

ROWS: Final[Rows] = {
    "asset": (
        "{asset}, {nominal_kwh}[[started_on: , warranted from {started_on}]]",
        "{asset}，{nominal_kwh}[[started_on:，自{started_on}起质保]]",
    ),
    "point": ("from {at} ({axis}): {pct}", "自 {at}（{axis}）起：{pct}"),
}

_PARTIES = ClauseTemplate(
    "parties",
    "Parties and definitions",
    "当事方与定义",
    """
This Agreement is made between {party.warrantor} (the "Warrantor") and {party.beneficiary} (the "Beneficiary").

"Battery" means each {product} listed in this Agreement and what replaces it. "Metric" means {metric}, in per cent of
the nominal value. "Test" means a measurement of the Metric by the protocol of this Agreement. "Ledger" means the signed
append-only ledger on which the Parties record entries under this Agreement.
""",
    """
本协议由 {party.warrantor}（“质保方”）与 {party.beneficiary}（“受益方”）订立。

“电池”指本协议所列各{product_zh}及其替换件。“指标”指{metric}，以占标称值的百分比表示。
“测试”指按本协议测试规程对指标的测量。
“账本”指双方用于记录本协议项下分录、经签名且只可追加的账本。
""",
)

_ASSETS = ClauseTemplate(
    "assets",
    "Warranted batteries",
    "质保电池",
    """
The Warrantor warrants the performance of the following Batteries, by identifier and nominal energy: {assets:asset}

The benefit of this warranty follows a Battery to a later owner who has notified the Warrantor and accepted this
Agreement by an entry in the Ledger.
""",
    """
质保方就下列电池之性能提供质保（编号及标称能量）：{assets:asset}

后续所有人通知质保方、并以账本分录接受本协议后，本质保之利益随电池移转。
""",
)

_TERM = ClauseTemplate(
    "term",
    "Term",
    "期限",
    """
Cover of a Battery begins on {start}, unless another day is stated for it, and ends {end_age_months} later
[[end_km: , or with the first reading of {end_km} or more]]
[[end_throughput_mwh: , or with the first reading of {end_throughput_mwh} or more of energy delivered]]
, whichever is first. A replacement inherits what is left of the term; the anniversary of a 29 February is 28 February.
""",
    """
除另行注明外，各电池自{start}起质保，为期 {end_age_months}
[[end_km:，或首次读数达到 {end_km}时止]]
[[end_throughput_mwh:，或累计放电量首次读数达到 {end_throughput_mwh} 时止]]
，以先到者为准。替换件承继剩余期限；2 月 29 日之周年日为 2 月 28 日。
""",
)

_GUARANTEE = ClauseTemplate(
    "guarantee",
    "Guarantee",
    "性能保证",
    """
The Warrantor guarantees that the Metric of each Battery is at least: {curve:point}

Between two points the guarantee runs in {interpolation}. Where it runs against more than one quantity, {combine}
counts.
[[interpolation=STEP: A Battery is judged on each day by its newest Test against the guarantee of that day.]]
[[interpolation=LINEAR: A Battery is judged on each day by its newest Test against the guarantee of the day of that
Test.]] A Battery is below the guarantee only by what it lacks beyond a deadband of {deadband_pct}.
""",
    """
质保方保证各电池之指标不低于：{curve:point}

两点之间的保证值按{interpolation}确定。保证值对应多个变量的，{combine}。
[[interpolation=STEP:每日以电池最近一次测试与当日保证值比较。]]
[[interpolation=LINEAR:每日以电池最近一次测试与该测试日之保证值比较。
]]仅就超出死区 {deadband_pct} 的不足部分视为低于保证值。
""",
)

_TEST = ClauseTemplate(
    "test",
    "Test protocol",
    "测试规程",
    """
A Test is a full discharge at {test_c_rate} and {test_temperature_c}, after a full charge and {test_rest_minutes} of
rest, current, voltage and temperature being recorded with calibrated instruments. Readings of the battery management
system count as a Test where they have been shown to agree with it.

The measurement uncertainty is {uncertainty_pct}, and its benefit goes to: {uncertainty_benefit}. A Test counts for
{max_test_age_days}, or until the next one. While no Test counts the Battery is unverified: no damages accrue, and the
Party that operates the Battery has it tested. Days on which the Warrantor's own telemetry failed do not use up the time
for which a Test counts; days for which the Beneficiary withholds data are not covered.
""",
    """
测试为在 {test_temperature_c}下以 {test_c_rate} 完全放电，此前应完全充电并静置 {test_rest_minutes}，
以经校准的仪器记录电流、电压及
温度。电池管理系统读数经证明与测试一致的，视为测试。

测量不确定度为 {uncertainty_pct}，其利益归属：{uncertainty_benefit}。
一次测试在 {max_test_age_days}内或至下次测试前有效。无有效
测试期间，电池为未核验状态，不计违约金，由运行电池的一方安排测试。因质保方自身遥测中断的天数不消耗测试有效期；
受益方不提供数据
的天数不予质保。
""",
)

_REMEDY = ClauseTemplate(
    "remedy",
    "Remedies",
    "救济",
    """
For each day on which a Battery is below its guarantee the Warrantor pays liquidated damages of {ld_rate} for the energy
by which it is short (shortfall in per cent x nominal energy), counted {day_count}. Damages count {ld_basis}, so that
one shortfall is never paid for twice; one physical cause has one remedy.

The Warrantor may instead repair, augment or replace the Battery. From the day of the remedy earlier Tests no longer
count; after a replacement the curve begins again while the end of the term stays.

Damages are settled every {settlement_months} in {currency}, and paid within {payment_days} after the period.
[[sole_remedy: Damages, repair and replacement are the only remedies for performance below the guarantee, save for fraud
and wilful default.]][[!sole_remedy: Other remedies given by law are not affected.]]
""",
    """
电池低于保证值的每一日，质保方就缺少能量（不足百分比 × 标称能量）按{ld_rate}支付违约金，计息基准为 {day_count}。
违约金口径为
{ld_basis}，同一缺口不重复支付；同一物理原因仅有一项救济。

质保方可选择修复、增补或更换电池。自救济之日起，此前测试不再有效；更换后曲线重新起算，期限届满日不变。

违约金每 {settlement_months}以 {currency} 结算，并于期末后 {payment_days}内支付。
[[sole_remedy:除欺诈及故意违约外，违约金、修复及更换为低于保证值之唯一救济。
]][[!sole_remedy:法律规定的其他救济不受影响。]]
""",
)

_LIMITS = ClauseTemplate(
    "limits",
    "Limits of liability",
    "责任限额",
    """
[[limits: Damages are limited in this order:]]
[[limits.deductible: a deductible of {limits.deductible}, counted against {limits.deductible_kind};]]
[[limits.franchise: above the deductible a claim is paid in full;]]
[[limits.per_event_cap: at most {limits.per_event_cap} for each Battery and period;]]
[[limits.per_period_cap: at most {limits.per_period_cap} for each period;]]
[[limits.per_period_cap_pct: at most {limits.per_period_cap_pct} of the fee of a period;]]
[[limits.rolling_12m_cap: at most {limits.rolling_12m_cap} in any twelve months;]]
[[limits.rolling_12m_cap_pct: at most {limits.rolling_12m_cap_pct} of the fees of any twelve months;]]
[[limits.aggregate_cap: at most {limits.aggregate_cap} over the whole term;]]
[[limits: claims being paid in the order in which the shortfalls began; what a limit cuts off is recorded and not
carried over.]]
[[!limits: Damages are not limited.]]
[[fee_per_period: The fee for this warranty is {fee_per_period} for each period.]]

Neither Party is liable for loss of profit. Nothing limits liability for death, injury, fraud or wilful default.
""",
    """
[[limits:违约金依次受下列限制：]]
[[limits.deductible:免赔额 {limits.deductible}，口径为{limits.deductible_kind}；]]
[[limits.franchise:超过免赔额的索赔全额支付；]]
[[limits.per_event_cap:每一电池每期不超过 {limits.per_event_cap}；]]
[[limits.per_period_cap:每期不超过 {limits.per_period_cap}；]]
[[limits.per_period_cap_pct:每期不超过当期费用的 {limits.per_period_cap_pct}；]]
[[limits.rolling_12m_cap:任意 12 个月不超过 {limits.rolling_12m_cap}；]]
[[limits.rolling_12m_cap_pct:任意 12 个月不超过同期费用的 {limits.rolling_12m_cap_pct}；]]
[[limits.aggregate_cap:整个期间累计不超过 {limits.aggregate_cap}；]]
[[limits:按缺口发生先后支付；超出限额部分仅记录，不结转。]]
[[!limits:违约金不设限额。]]
[[fee_per_period:本质保费用为每期 {fee_per_period}。]]

任何一方不对利润损失承担责任。人身伤亡、欺诈或故意违约之责任不受任何限制。
""",
)

_EXCLUSIONS = ClauseTemplate(
    "exclusions",
    "Exclusions",
    "除外情形",
    """
Not covered is a shortfall caused by accident, by opening or alteration by others than the Warrantor, or by use outside
the operating manual.
[[envelope_max_temperature_c: A Battery is used at no more than {envelope_max_temperature_c}.]]
[[envelope_max_c_rate: A Battery is used at no more than {envelope_max_c_rate}.]]
Where a reading shows use outside these limits: {misuse_effect}. The Warrantor bears the burden of proving an exclusion.
""",
    """
因事故、由质保方以外之人开启或改装、或违反操作手册使用导致的缺口不予质保。
[[envelope_max_temperature_c:电池使用温度不得超过 {envelope_max_temperature_c}。]]
[[envelope_max_c_rate:电池使用倍率不得超过 {envelope_max_c_rate}。]]
读数显示超限使用的：{misuse_effect}。除外情形由质保方举证。
""",
)

_CLAIMS = ClauseTemplate(
    "claims",
    "Claims",
    "索赔",
    """
Damages that the telemetry shows are settled without a claim. Any other shortfall is notified within {notice_days} after
the Beneficiary has learned of it, with the Test that shows it; a claim lapses {claim_window_days} after the day of the
shortfall. A Battery is kept available for inspection for 30 days after notice.
""",
    """
遥测数据显示的违约金无须索赔即予结算。其他缺口应于受益方知悉后 {notice_days}内连同证明其存在的测试一并通知；
索赔权自缺口之日起
{claim_window_days}后消灭。通知后 30 天内，电池应可供检验。
""",
)

_DATA = ClauseTemplate(
    "data",
    "Data",
    "数据",
    """
The Beneficiary gives the Warrantor access to the state of health, energy delivered, temperature and rate of each
Battery, at least once in each month, signed at the source. The Warrantor uses the data to perform this Agreement and to
improve safety, and for nothing else.
""",
    """
受益方应至少每月一次向质保方提供各电池之健康度、放电量、温度及倍率数据，并于来源端签名。
质保方仅将该数据用于履行本协议及改进
安全，不作他用。
""",
)

CLAUSES: Final = (
    _PARTIES,
    _ASSETS,
    _TERM,
    _GUARANTEE,
    _TEST,
    _REMEDY,
    _LIMITS,
    _EXCLUSIONS,
    _CLAIMS,
    _DATA,
    LEDGER,
    AUDIT,
    FORCE_MAJEURE,
    GENERAL,
    LAW,
    LANGUAGE,
    signature("warrantor", "beneficiary"),
)
