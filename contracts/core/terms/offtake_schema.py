"""K3, offtake and feedstock supply: the schema of its terms, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from contracts.core.errors import Problem, ProblemCode
from contracts.core.fields import (
    BUSINESS_DAY_CHOICES,
    CALENDAR_CHOICES,
    CURRENCY,
    ELEMENT_NAMES,
    LAW_FIELDS,
    LIMIT_BASIS_NAMES,
    PAYMENT_DAYS,
    UMPIRE_NAMES,
    Element,
    LimitBasis,
    UmpireRule,
    block,
    choice,
    day,
    enum,
    flag,
    money,
    number,
    percent,
    table,
    text,
    whole,
)
from contracts.core.prices import PRICE_SCHEMA, Anchor
from contracts.core.schema import Choice, Schema
from contracts.core.terms.offtake_terms import (
    Binding,
    OfftakeTerms,
    PayableBand,
    PayableElement,
    PayableMode,
    Penalty,
    ProvisionalPrice,
)


def _check(terms: OfftakeTerms) -> Iterable[Problem]:
    if terms.maturity <= terms.commencement:
        yield Problem(
            "maturity", ProblemCode.INCONSISTENT, "Maturity must be after commencement.", "到期日须晚于生效日。"
        )
    names = [row.element for row in terms.elements]
    if len(set(names)) < len(names):
        yield Problem("elements", ProblemCode.DUPLICATE, "An element is listed twice.", "同一元素重复列出。")
    for n, row in enumerate(terms.elements):
        if row.payable_mode is PayableMode.BAND and not row.bands:
            text_en, text_zh = "Payable bands are missing; give at least one.", "缺少计价档位，请至少填写一档。"
            yield Problem(f"elements.{n}.bands", ProblemCode.REQUIRED, text_en, text_zh)
        if row.price.anchor is Anchor.PERIOD:
            text_en = "An offtake prices each lot from one of its events; choose which."
            yield Problem(
                f"elements.{n}.price.anchor", ProblemCode.INCONSISTENT, text_en, "承购按每批事件计价，请选择事件。"
            )


_EVENT_NAMES = {
    "PERIOD": ("the settlement period", "结算期"),
    "SHIPMENT": ("shipment", "装运"),
    "ARRIVAL": ("arrival", "到达"),
    "DELIVERY": ("delivery", "交付"),
    "FIXED": ("a fixed day", "固定日"),
}
_CONTENT_UNITS = tuple(Choice(u, u, u) for u in ("%", "ppm", "g/t"))
_MODE_NAMES = {
    "PCT": ("percentage of content", "含量百分比"),
    "PCT_MD": ("percentage, with a minimum deduction", "百分比并设最低扣减"),
    "DED_PCT": ("deduction first, then percentage", "先扣减后百分比"),
    "PCT_DED": ("percentage first, then deduction", "先百分比后扣减"),
    "BAND": ("percentage by band of content", "按含量档位"),
    "THRESHOLD": ("percentage, nothing below a content", "低于门槛不计价"),
}

_ROW: Final[Schema[PayableElement]] = Schema(
    fields=(
        enum("element", "Element", "元素", Element, ELEMENT_NAMES, clause="payable"),
        block("price", "Price", "价格", PRICE_SCHEMA, clause="price"),
        enum("payable_mode", "Payable as", "计价方式", PayableMode, _MODE_NAMES, default="PCT", clause="payable"),
        percent("payable_pct", "Payable", "计价比例", default="100", clause="payable"),
        number("deduction", "Deduction", "扣减", "%", default="0", clause="payable"),
        table(
            "bands",
            "Bands",
            "档位",
            Schema(
                (number("content_from", "From content", "含量起", "%"), percent("payable_pct", "Payable", "计价比例")),
                PayableBand,
            ),
            required=False,
            clause="payable",
        ),
        number(
            "refining_charge",
            "Refining charge",
            "精炼费",
            "currency/refining_charge_unit",
            default="0",
            clause="charges",
        ),
        choice(
            "refining_charge_unit",
            "Refining charge per",
            "精炼费单位",
            (Choice(u, u, u) for u in ("kg", "t", "lb", "ozt")),
            default="kg",
            clause="charges",
        ),
        number("splitting_limit", "Splitting limit", "化验允差", "%", default="0.3", clause="assay"),
        enum(
            "splitting_basis",
            "Splitting limit is",
            "允差口径",
            LimitBasis,
            LIMIT_BASIS_NAMES,
            default="ABS",
            clause="assay",
        ),
        whole(
            "reporting_dp",
            "Assays reported to",
            "化验小数位",
            "digits",
            default="2",
            maximum=Decimal(6),
            clause="assay",
        ),
        whole(
            "payable_unit_dp",
            "Payable quantity, in the unit of the price, rounded to",
            "计价量（按计价单位）小数位",
            "digits",
            required=False,
            maximum=Decimal(6),
            clause="payable",
        ),
    ),
    build=PayableElement,
)

_PENALTY: Final[Schema[Penalty]] = Schema(
    fields=(
        text("element", "Impurity", "杂质", clause="penalties"),
        choice("unit", "Measured in", "计量单位", _CONTENT_UNITS, default="%", clause="penalties"),
        number("threshold", "Above", "超过", "content", clause="penalties"),
        number("step", "For each", "每", "content", minimum=Decimal("0.000001"), clause="penalties"),
        number("rate_per_step", "Charge per dry tonne", "每干吨罚扣", "currency/t", clause="penalties"),
        flag("pro_rata", "Fractions count in proportion", "不足一档按比例", "yes", clause="penalties"),
        number("reject_above", "Rejected above", "拒收限", "content", required=False, clause="penalties"),
    ),
    build=Penalty,
)

_PRODUCT_FIELDS = (
    CURRENCY,
    text("product", "Product", "产品", default="black mass", group="product", clause="product"),
    text("product_zh", "Product (Chinese text)", "产品（中文文本）", default="黑粉", group="product", clause="product"),
    text(
        "incoterm",
        "Delivery term (Incoterms 2020)",
        "交货术语（Incoterms 2020）",
        default="CIF",
        group="product",
        clause="delivery",
    ),
    text("delivery_place", "Place of delivery", "交付地点", group="product", clause="delivery"),
    enum(
        "title_passes",
        "Title and risk pass on",
        "所有权与风险转移于",
        Anchor,
        _EVENT_NAMES,
        default="DELIVERY",
        group="product",
        clause="title",
    ),
    day("commencement", "Commencement", "生效日", group="dates", clause="term"),
    day("maturity", "Maturity", "到期日", group="dates", clause="term"),
    table("elements", "Payable elements", "计价元素", _ROW, group="price", clause="payable"),
    table("penalties", "Penalties", "杂质罚扣", _PENALTY, required=False, group="price", clause="penalties"),
)

_ASSAY_FIELDS = (
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
    whole(
        "exchange_deadline_days",
        "Assays are exchanged within",
        "化验交换期限",
        "d",
        default="45",
        maximum=Decimal(365),
        group="assay",
        clause="assay",
    ),
    enum(
        "default_binding",
        "If one party misses the exchange, binding is",
        "一方逾期时以何方为准",
        Binding,
        {
            "seller": ("the seller's result", "卖方结果"),
            "buyer": ("the buyer's result", "买方结果"),
            "none": ("neither: settlement stays provisional", "均不约束，继续暂定"),
        },
        default="none",
        group="assay",
        clause="assay",
    ),
    whole(
        "weight_dp",
        "Dry weight in kg rounded to",
        "干重（kg）小数位",
        "digits",
        default="0",
        maximum=Decimal(6),
        group="assay",
        clause="weight",
    ),
    whole(
        "payable_dp",
        "Payable quantity in kg rounded to",
        "计价量（kg）小数位",
        "digits",
        required=False,
        maximum=Decimal(6),
        group="assay",
    ),
    percent("franchise_pct", "Weight franchise", "重量免计", default="0", group="assay", clause="weight"),
    percent(
        "over_moisture_reject_pct",
        "Rejected above moisture",
        "水分拒收限",
        required=False,
        group="assay",
        clause="weight",
    ),
)

_CHARGE_FIELDS = (
    number(
        "treatment_charge", "Treatment charge", "加工费", "currency/t", default="0", group="charges", clause="charges"
    ),
    choice(
        "treatment_basis",
        "Treatment charge on",
        "加工费口径",
        (Choice("dmt", "dry tonne", "干吨"), Choice("wmt", "wet tonne", "湿吨")),
        default="dmt",
        group="charges",
        clause="charges",
    ),
    money(
        "min_treatment_charge",
        "Least treatment charge per lot",
        "每批最低加工费",
        required=False,
        group="charges",
        clause="charges",
    ),
    money(
        "freight_per_lot", "Freight and other per lot", "每批运费及其他", default="0", group="charges", clause="charges"
    ),
    percent("provisional_pct", "Provisional payment", "暂付比例", default="90", group="payment", clause="payment"),
    enum(
        "provisional_price",
        "Provisionally valued at",
        "暂定价格",
        ProvisionalPrice,
        {
            "LAST_PUBLISHED": ("the last published price", "最近公布价"),
            "PRIOR_MONTH": ("the average of the month before", "上月平均价"),
        },
        default="PRIOR_MONTH",
        group="payment",
        clause="payment",
    ),
    enum(
        "provisional_trigger",
        "Provisional payment on",
        "暂付触发",
        Anchor,
        _EVENT_NAMES,
        default="SHIPMENT",
        group="payment",
        clause="payment",
    ),
    PAYMENT_DAYS,
    choice(
        "calendar",
        "Payment calendar",
        "付款日历",
        CALENDAR_CHOICES,
        default="TARGET",
        group="payment",
        clause="payment",
    ),
    choice(
        "business_day_rule",
        "Business day rule",
        "工作日规则",
        BUSINESS_DAY_CHOICES,
        default="MF",
        group="payment",
        clause="payment",
    ),
    flag("set_off", "Payments may be set off", "允许抵销", "yes", group="payment", clause="payment"),
)

SCHEMA: Final[Schema[OfftakeTerms]] = Schema(
    fields=(*_PRODUCT_FIELDS, *_ASSAY_FIELDS, *_CHARGE_FIELDS, *LAW_FIELDS), build=OfftakeTerms, check=_check
)
