"""K1, material lease: the schema of its terms, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from contracts.core.errors import Problem, ProblemCode
from contracts.core.fields import (
    BUSINESS_DAY_CHOICES,
    CALENDAR_CHOICES,
    CURRENCY,
    DAY_COUNT_CHOICES,
    ELEMENT_NAMES,
    LAW_FIELDS,
    LIMIT_BASIS_NAMES,
    PAYMENT_DAYS,
    POLICY_NAMES,
    UMPIRE_NAMES,
    Element,
    LimitBasis,
    Policy,
    UmpireRule,
    block,
    choice,
    day,
    enum,
    flag,
    money,
    number,
    percent,
    rate,
    table,
    text,
    whole,
)
from contracts.core.prices import PRICE_SCHEMA, Anchor
from contracts.core.schema import Schema
from contracts.core.terms.material_lease_terms import (
    Allocation,
    Bearer,
    FeeBasis,
    LeasedElement,
    MaterialLeaseTerms,
    Medium,
    QuantityBasis,
    RateType,
    Transfer,
)


def _check(terms: MaterialLeaseTerms) -> Iterable[Problem]:
    if terms.maturity <= terms.commencement:
        yield Problem(
            "maturity", ProblemCode.INCONSISTENT, "Maturity must be after commencement.", "到期日须晚于起租日。"
        )
    if not terms.title_retained:
        yield Problem(
            "title_retained",
            ProblemCode.INCONSISTENT,
            "Title must stay with the lessor; without it this is a sale, not a lease.",
            "所有权须由出租方保留，否则属于买卖而非租赁。",
        )
    names = [row.element for row in terms.elements]
    if len(set(names)) < len(names):
        yield Problem("elements", ProblemCode.DUPLICATE, "An element is listed twice.", "同一元素重复列出。")
    for n, row in enumerate(terms.elements):
        yield from _check_row(terms, row, f"elements.{n}.")


def _check_row(terms: MaterialLeaseTerms, row: LeasedElement, path: str) -> Iterable[Problem]:
    if terms.rate_type is RateType.PER_KG_MONTH and row.fee_per_kg_month is None:
        text_en, text_zh = "A fee per kg and month is missing; give it.", "缺少每千克每月租费，请填写。"
        yield Problem(f"{path}fee_per_kg_month", ProblemCode.REQUIRED, text_en, text_zh)
    if terms.fee_price_basis is FeeBasis.INCEPTION and row.inception_price is None:
        text_en, text_zh = "The price at inception is missing; give it.", "缺少起租价格，请填写。"
        yield Problem(f"{path}inception_price", ProblemCode.REQUIRED, text_en, text_zh)
    if row.price.anchor not in (Anchor.PERIOD, Anchor.FIXED):
        text_en = "A lease prices its settlement period; choose that or a fixed price."
        yield Problem(
            f"{path}price.anchor", ProblemCode.INCONSISTENT, text_en, "租赁按结算期计价，请选结算期或固定价格。"
        )
    if terms.fee_medium is Medium.METAL and terms.rate_type is RateType.PER_KG_MONTH:
        text_en = "A fee in metal is charged at a rate per year, not per kg and month."
        yield Problem("fee_medium", ProblemCode.INCONSISTENT, text_en, "以金属支付的租费须按年费率计收。")


_ROW: Final[Schema[LeasedElement]] = Schema(
    fields=(
        enum("element", "Element", "元素", Element, ELEMENT_NAMES, clause="material"),
        text("form", "Delivered as", "交付形态", default="as delivered", clause="material"),
        block("price", "Price", "价格", PRICE_SCHEMA, clause="price"),
        number("inception_price", "Price at inception", "起租价格", "currency/unit", required=False, clause="price"),
        rate(
            "rate_pct",
            "Lease rate of this element, if its own",
            "该元素租赁费率（如单独约定）",
            required=False,
            clause="fee",
        ),
        number(
            "fee_per_kg_month",
            "Fee per kg and month",
            "每千克每月租费",
            "currency/kg/month",
            required=False,
            clause="fee",
        ),
        percent("process_loss_pct", "Process loss allowed", "允许工艺损耗", default="0", clause="return"),
        percent("use_loss_pct", "Loss in use allowed", "允许使用损耗", default="0", clause="return"),
        percent("accountability_pct", "Credited of what is assayed", "回收入账比例", default="100", clause="return"),
    ),
    build=LeasedElement,
)

_MATERIAL_FIELDS = (
    CURRENCY,
    flag(
        "title_retained", "Title stays with the lessor", "所有权由出租方保留", "yes", group="material", clause="title"
    ),
    enum(
        "allocation",
        "Allocation",
        "分配方式",
        Allocation,
        {"POOL": ("as a share of a pool", "租赁池"), "ALLOCATED": ("by serial", "按序列号")},
        default="POOL",
        group="material",
        clause="title",
    ),
    enum(
        "quantity_basis",
        "Quantity by",
        "数量依据",
        QuantityBasis,
        {
            "ASSAYED": ("assay", "化验"),
            "DECLARED": ("declaration", "申报"),
            "BOM": ("bill of materials", "物料清单"),
        },
        default="ASSAYED",
        group="material",
        clause="material",
    ),
    table("elements", "Leased elements", "租赁元素", _ROW, group="material", clause="material"),
    day("commencement", "Commencement", "起租日", group="dates", clause="term"),
    day("maturity", "Maturity", "到期日", group="dates", clause="term"),
    whole(
        "evergreen_notice_days",
        "Notice against renewal",
        "不续租通知期",
        "d",
        default="90",
        maximum=Decimal(730),
        group="dates",
        clause="term",
    ),
    text("delivery_place", "Place of delivery", "交付地点", group="material", clause="delivery"),
    text(
        "incoterm",
        "Delivery term (Incoterms 2020)",
        "交货术语（Incoterms 2020）",
        default="DAP",
        group="material",
        clause="delivery",
    ),
)

_FEE_FIELDS = (
    enum(
        "rate_type",
        "Fee is charged as",
        "租费方式",
        RateType,
        {
            "FIXED": ("a fixed rate", "固定费率"),
            "FLOATING": ("a benchmark plus a spread", "基准加点"),
            "PER_KG_MONTH": ("a fee per kg and month", "每千克每月定额"),
        },
        default="FIXED",
        group="fee",
        clause="fee",
    ),
    rate("rate_pct", "Lease rate", "租赁费率", required_if=("rate_type", ("FIXED",)), group="fee", clause="fee"),
    text(
        "benchmark_series", "Benchmark", "基准利率", required_if=("rate_type", ("FLOATING",)), group="fee", clause="fee"
    ),
    rate("spread_pct", "Spread", "加点", default="0", minimum=Decimal(-20), group="fee", clause="fee"),
    choice("day_count", "Day count", "计息基准", DAY_COUNT_CHOICES, default="ACT/360", group="fee", clause="fee"),
    whole(
        "fee_frequency_months",
        "Settled every",
        "结算频率",
        "months",
        default="1",
        minimum=Decimal(1),
        maximum=Decimal(12),
        group="fee",
        clause="fee",
    ),
    choice(
        "business_day_rule",
        "Business day rule",
        "工作日规则",
        BUSINESS_DAY_CHOICES,
        default="MF",
        group="fee",
        clause="payment",
    ),
    choice(
        "calendar", "Payment calendar", "付款日历", CALENDAR_CHOICES, default="TARGET", group="fee", clause="payment"
    ),
    flag("end_of_month", "Month ends stay month ends", "月末规则", "no", group="fee"),
    enum(
        "fee_price_basis",
        "Valued at",
        "计价基础",
        FeeBasis,
        {
            "INCEPTION": ("the price at inception", "起租价格"),
            "PERIOD_AVG": ("the average price of each month", "各月平均价"),
            "PERIOD_END": ("the price of the last month", "期末月价格"),
        },
        default="PERIOD_AVG",
        group="price",
        clause="price",
    ),
    enum(
        "fee_medium",
        "Fee is paid in",
        "租费支付方式",
        Medium,
        {"CURRENCY": ("money", "货币"), "METAL": ("metal", "金属")},
        default="CURRENCY",
        group="fee",
        clause="fee",
    ),
    money("min_fee", "Least fee per period", "每期最低租费", required=False, group="fee", clause="fee"),
    enum(
        "missing_price",
        "Where a price is missing",
        "价格缺失时",
        Policy,
        POLICY_NAMES,
        default="BLOCK",
        group="price",
        clause="price",
    ),
    PAYMENT_DAYS,
    rate("default_rate_pct", "Interest on late payment", "逾期利率", default="8", group="payment", clause="payment"),
)

_RETURN_FIELDS = (
    whole(
        "return_window_days",
        "Return within",
        "归还期限",
        "d",
        default="180",
        maximum=Decimal(1825),
        group="return",
        clause="return",
    ),
    percent(
        "shortfall_price_pct",
        "Shortfall is charged at",
        "缺口计价比例",
        default="100",
        maximum=Decimal(200),
        group="return",
        clause="return",
    ),
    percent(
        "surplus_share_pct",
        "Lessee's share of a surplus",
        "承租方盈余分享",
        default="0",
        group="return",
        clause="return",
    ),
    percent(
        "over_recovery_tolerance_pct",
        "Recovery above 100 % held from",
        "超额回收容差",
        default="2",
        group="return",
        clause="return",
    ),
    number("splitting_limit", "Splitting limit", "化验允差", "%", default="1", group="assay", clause="assay"),
    enum(
        "splitting_basis",
        "Splitting limit is",
        "允差口径",
        LimitBasis,
        LIMIT_BASIS_NAMES,
        default="REL",
        group="assay",
        clause="assay",
    ),
    enum(
        "umpire_rule",
        "Umpire rule",
        "仲裁规则",
        UmpireRule,
        UMPIRE_NAMES,
        default="MIDDLE",
        group="assay",
        clause="assay",
    ),
    percent("buyout_premium_pct", "Buy-out premium", "买断溢价", default="5", group="return", clause="buyout"),
    enum(
        "casualty_bearer",
        "Loss is borne by",
        "损失承担方",
        Bearer,
        {"LESSEE": ("the lessee", "承租方"), "LESSOR": ("the lessor", "出租方")},
        default="LESSEE",
        group="return",
        clause="loss",
    ),
    enum(
        "transfer_on_sale",
        "When a battery is sold on",
        "电池转售时",
        Transfer,
        {
            "NOVATE": ("the lease passes to the buyer", "租赁随之转让给买受人"),
            "CONSENT": ("the lessor must consent", "须经出租方同意"),
            "TERMINATE": ("the lease ends and the material is returned", "租赁终止并归还矿物"),
        },
        default="CONSENT",
        group="return",
        clause="transfer",
    ),
    flag("allow_overdraft", "The balance may fall below zero", "允许余额为负", "no", group="return"),
)

SCHEMA: Final[Schema[MaterialLeaseTerms]] = Schema(
    fields=(*_MATERIAL_FIELDS, *_FEE_FIELDS, *_RETURN_FIELDS, *LAW_FIELDS), build=MaterialLeaseTerms, check=_check
)
