"""The file that a partner may start from."""

from __future__ import annotations

_HEADINGS = {
    "en": "Reference,Date,Kind,Element,Contained mass,Unit,Lot",
    "zh": "编号,日期,类型,元素,金属含量,单位,批次",
}
_ROWS = {
    "en": ("DN-1001,2025-11-03,delivery,Ni,1250.125,kg,lot-1", "RC-2001,2025-11-20,return,Ni,-400,kg,lot-1"),
    "zh": ("DN-1001,2025-11-03,收货,镍,1250.125,千克,lot-1", "RC-2001,2025-11-20,退回,镍,-400,千克,lot-1"),
}


def template_file(language: str) -> bytes:
    """Return a CSV file with headings and two rows as examples, in English or Chinese (`zh…`), as Excel opens it."""
    key = "zh" if language.startswith("zh") else "en"
    return ("\ufeff" + "\r\n".join((_HEADINGS[key], *_ROWS[key])) + "\r\n").encode()
