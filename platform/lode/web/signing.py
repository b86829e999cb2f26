"""Signing on a page: the texts that an organisation signs with a key that it keeps itself, and the lines it sends."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest

from lode.parties.selectors import signing_of

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FIELD = "signature-"


@dataclass(frozen=True)
class ToSign:
    """A text to be signed: the form's field is `signature-<name>`; `vkeys` are the keys whose signature counts."""

    name: str
    title: str | StrPromise
    text: str
    vkeys: tuple[str, ...]

    @property
    def file(self) -> str:
        """The text as an address, to be kept as a file byte for byte."""
        return f"data:text/plain;charset=utf-8;base64,{base64.b64encode(self.text.encode()).decode()}"


def to_sign(organisation: str, texts: Iterable[tuple[str, str | StrPromise, bytes]]) -> tuple[ToSign, ...]:
    """Return what the organisation signs itself, by name, title and text; nothing where Lode signs for it."""
    signing = signing_of(organisation)
    if signing.custody != "held":
        return ()
    return tuple(ToSign(name, title, text.decode(), signing.vkeys) for name, title, text in texts)


def signature_given(request: HttpRequest, name: str) -> str:
    """Return the signature line that the form brings for a text, without the line break of a paste."""
    return request.POST.get(f"{FIELD}{name}", "").strip()
