"""The words that partners use for columns, kinds, elements and units, in English and Chinese.

Words are compared after NFKC, in lower case, with spaces and punctuation taken out (`Delivery No.` is `deliveryno`).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from lode.reconciliation.core.values import Kind

_PUNCTUATION = re.compile(r"[\W_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Column(StrEnum):
    """A column of a partner's statement."""

    REFERENCE = "reference"
    DATE = "date"
    KIND = "kind"
    ELEMENT = "element"
    MASS = "mass"
    UNIT = "unit"
    LOT = "lot"


REQUIRED = (Column.REFERENCE, Column.DATE, Column.ELEMENT, Column.MASS)

COLUMN_WORDS: dict[Column, frozenset[str]] = {
    Column.REFERENCE: _words(
        "reference ref referenceno refno documentno docno document deliverynote deliveryno deliverynoteno "
        "notenumber dn 编号 单号 单据号 单据编号 参考号 送货单号 凭证号 业务编号 单据"
    ),
    Column.DATE: _words(
        "date day bookingdate movementdate effectivedate valuedate postingdate occurred "
        "日期 业务日期 记账日期 生效日 发生日期 收发日期 单据日期"
    ),
    Column.KIND: _words("kind type movement movementtype transaction 类型 业务类型 收发类型 类别 摘要"),
    Column.ELEMENT: _words("element metal mineral material 元素 金属 矿物 金属种类 品种"),
    Column.MASS: _words(
        "mass containedmass massofelement quantity qty weight containedweight contained amount netcontained "
        "质量 金属量 含量 金属含量 数量 重量 折纯量 金属质量"
    ),
    Column.UNIT: _words("unit uom units massunit 单位 计量单位"),
    Column.LOT: _words("lot lotno batch batchno lotnumber 批次 批号 批次号"),
}
GROSS_WORDS = _words("gross grossmass grossweight wet wetmass wetweight grosswet 毛重 湿重 毛重湿重 毛重量 湿重量")

KIND_WORDS: dict[Kind, frozenset[str]] = {
    Kind.DELIVERY: _words(
        "delivery delivered receipt received receive arrival arrive in inbound leaseout resupply "
        "收货 送货 交付 到货 入库 收入 接收 再供应"
    ),
    Kind.COLLECTION: _words("collection collect collected 收集 回收电池 收运"),
    Kind.RETURN: _words(
        "return returned dispatch dispatched shipment shipped ship out outbound 退回 退货 发货 出库 返还 归还 发出"
    ),
    Kind.RECOVERY: _words("recovery recover recovered process processing 回收 提取 加工"),
    Kind.LOSS: _words("loss losses lost 损耗 损失"),
    Kind.ADJUSTMENT: _words("adjustment adjust correction moisture 调整 更正 水分调整 水分"),
}

ELEMENT_WORDS: dict[str, frozenset[str]] = {
    "Li": _words("lithium 锂"),
    "Ni": _words("nickel 镍"),
    "Co": _words("cobalt 钴"),
    "Mn": _words("manganese 锰"),
    "Cu": _words("copper 铜"),
    "C": _words("graphite carbon 石墨 碳"),
    "C-natural": _words("naturalgraphite graphitenatural 天然石墨"),
    "C-synthetic": _words("syntheticgraphite artificialgraphite graphitesynthetic 人造石墨"),
}

# `Mg` is a tonne to a physicist, a milligram to a careless typist, magnesium to a chemist: refused, not guessed.
UNIT_MG: dict[str, int] = {
    "mg": 1,
    "毫克": 1,
    "g": 10**3,
    "gram": 10**3,
    "grams": 10**3,
    "克": 10**3,
    "kg": 10**6,
    "kgs": 10**6,
    "kilogram": 10**6,
    "kilograms": 10**6,
    "千克": 10**6,
    "公斤": 10**6,
    "t": 10**9,
    "mt": 10**9,
    "tonne": 10**9,
    "tonnes": 10**9,
    "吨": 10**9,
    "公吨": 10**9,
}
AMBIGUOUS_UNITS = frozenset({"Mg", "MG", "mG"})

TOTAL_WORDS = _words("total totals sum subtotal grandtotal 合计 总计 小计 共计")
_UNIT_IN_HEADING = re.compile(r"[(（\[,，/\s]\s*([A-Za-z]{1,9}|毫克|克|千克|公斤|吨|公吨)\s*[)）\]]?\s*$")


def word(text: str) -> str:
    """Return the form in which words are compared."""
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())


def column_of(heading: str) -> tuple[Column | None, str]:
    """Return what a heading means and the unit that it carries, e.g. `Mass (kg)` is the mass column and `kg`."""
    unit = ""
    plain = heading
    if found := _UNIT_IN_HEADING.search(heading):
        unit, plain = found.group(1), heading[: found.start()]
    for text in (heading, plain):
        for column, words in COLUMN_WORDS.items():
            if word(text) in words:
                return column, unit if column is Column.MASS and text == plain else ""
    return None, ""


def is_gross(heading: str) -> bool:
    """Say whether a heading names a gross or wet mass, which is not contained metal."""
    plain = _UNIT_IN_HEADING.sub("", heading)
    return word(plain) in GROSS_WORDS or word(heading) in GROSS_WORDS


def kind_of(text: str) -> Kind:
    """Return the kind that a word means; a word that we do not know is `other`, never an error."""
    for kind, words in KIND_WORDS.items():
        if word(text) in words:
            return kind
    return Kind.OTHER
