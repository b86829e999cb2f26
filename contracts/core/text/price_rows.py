"""How a price source block reads: one row template that leases and offtakes share."""

from typing import Final

from contracts.core.text.markup import Rows

_PRICE_EN = """
{element}:
[[price.anchor=FIXED: the fixed price of {price.fixed_price}.]]
[[price.anchor=PERIOD|SHIPMENT|ARRIVAL|DELIVERY: the {price.average} of the series {price.series} ({price.field},
{price.frequency}, published on the days of the calendar {price.calendar}), quoted per {price.unit}]]
[[price.currency: in {price.currency}]]
[[price.unit_kg: (one such unit being {price.unit_kg})]]
[[price.anchor=PERIOD: over {price.span_months} that begin {price.offset_months} after the start of the calendar month
to which the days charged belong]]
[[price.anchor=SHIPMENT|ARRIVAL|DELIVERY: over a Quotational Period that counts from the {price.anchor}, begins
{price.offset_months} after it and lasts {price.span_months}]]
[[price.average_dp: , the average being rounded to {price.average_dp}]]
[[price.fx_series: ; converted by the series {price.fx_series}, {price.fx_mode}]]
[[!price.factor=1: ; multiplied by {price.factor}]]
[[price.adder: ; with a premium (if negative, a discount) of {price.adder}]]
[[price.adder_pct: ; with a premium (if negative, a discount) of {price.adder_pct}]]
[[price.participation: ; of the part of the price in each of these bands only the share stated counts:
{price.participation:inline-participation}]]
[[price.floor: ; not less than {price.floor}]]
[[price.cap: ; not more than {price.cap}]]
[[price.floor_zero: ; a negative price counting as zero]]
[[price.unit_price_dp: ; the unit price being rounded to {price.unit_price_dp}]]
[[price.fallback: ; a value that should have been published and was not is replaced in this order:
{price.fallback:inline-fallback}]]
[[price.alternative_series: ; the alternative series is {price.alternative_series}, with a spread of
{price.alternative_spread}]]
; where more than {price.max_missing_days} are missing, the price is disrupted
"""
_PRICE_ZH = """
{element}：
[[price.anchor=FIXED:固定价格{price.fixed_price}]]
[[price.anchor=PERIOD|SHIPMENT|ARRIVAL|DELIVERY:价格指数 {price.series}（{price.field}，{price.frequency}，
公布日历：{price.calendar}）的{price.average}，计价单位 {price.unit}]]
[[price.currency:，报价币种 {price.currency}]]
[[price.unit_kg:（每单位为 {price.unit_kg}）]]
[[price.anchor=PERIOD:，计价期自计费日所属日历月起始后 {price.offset_months}开始，为期 {price.span_months}]]
[[price.anchor=SHIPMENT|ARRIVAL|DELIVERY:，计价期自{price.anchor}起算，于其后 {price.offset_months}开始，
为期 {price.span_months}]]
[[price.average_dp:，平均价保留 {price.average_dp}]]
[[price.fx_series:；以 {price.fx_series} 换汇（{price.fx_mode}）]]
[[!price.factor=1:；乘以换算系数 {price.factor}]]
[[price.adder:；升水（负数为贴水）{price.adder}]]
[[price.adder_pct:；升水（负数为贴水）{price.adder_pct}]]
[[price.participation:；价格落入下列区间的部分仅按所列比例计入：{price.participation:inline-participation}]]
[[price.floor:；不低于{price.floor}]]
[[price.cap:；不高于{price.cap}]]
[[price.floor_zero:；负价格按零计]]
[[price.unit_price_dp:；单价保留 {price.unit_price_dp}]]
[[price.fallback:；应公布而未公布的数值依次替代：{price.fallback:inline-fallback}]]
[[price.alternative_series:；替代指数为 {price.alternative_series}，价差{price.alternative_spread}]]
；缺失超过 {price.max_missing_days} 时视为价格中断
"""

PRICE_ROWS: Final[Rows] = {
    "price": (_PRICE_EN, _PRICE_ZH),
    "inline-fallback": ("{method}", "{method}"),
    "inline-participation": (
        "from {start}[[end: to {end}]]: {share_pct}",
        "自{start}[[end:至{end}]]：{share_pct}",
    ),
}
