"""`{% load ui %}`: figures with their units, icons, statuses, hashes and redlines for templates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lode.web import formats
from lode.web.icons import icon_shapes
from lode.web.redline import redline as redline_spans
from lode.web.statuses import STATUSES

if TYPE_CHECKING:
    from django.template import Context

    from lode.web.charts import Chart
    from lode.web.ui import Text

register = template.Library()


def icon_html(name: str, css: str = "") -> SafeString:
    """Return an icon as inline SVG that readers skip: a word always stands beside it."""
    # The shapes are files of ours whose hashes a test holds, so they are safe markup.
    shapes = mark_safe(icon_shapes(name))  # noqa: S308
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        f"icon {css}".strip(),
        shapes,
    )


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """`{% icon "scale" %}`."""
    return icon_html(name, css)


@register.simple_tag
def status(code: str, text: Text = "") -> SafeString:
    """`{% status "matched" %}`: icon and word of a state; `text` says it in other words, with icon and tone kept."""
    shown = STATUSES[str(code).replace("-", "_")]
    return format_html(
        '<span class="status tone-{}">{}<span>{}</span></span>', shown.tone, icon_html(shown.icon), text or shown.label
    )


def data_html(value: object, shown: str, css: str) -> SafeString:
    """Return a figure whose exact value a copy or a script reads from `value`."""
    return format_html('<data value="{}" class="{}">{}</data>', value, css, shown)


def sign_css(value: Decimal | int, *, tinted: bool) -> str:
    """Blue is in, ochre is out, and the sign says the same: red is kept for breach."""
    if not tinted or not value:
        return "num"
    return "num positive" if value > 0 else "num negative"


@register.simple_tag
def mass(
    mass_mg: int | None,
    unit: str = "t",
    basis: str = "",
    signed: bool = False,  # noqa: FBT001, FBT002
    bare: bool = False,  # noqa: FBT001, FBT002
    places: int | None = None,
    tint: bool = True,  # noqa: FBT001, FBT002
) -> SafeString:
    """`{% mass m.mass_mg unit="kg" basis="Ni" signed=True %}`; `bare` where the column's heading names the unit.

    Signed figures are blue for in and ochre for out; `tint=False` leaves the sign alone to say it.
    """
    if mass_mg is None:
        return SafeString("")
    figure = formats.mass_number(mass_mg, unit, places, signed=signed)
    shown = figure if bare else formats.with_unit(figure, f"{unit} {basis}".strip())
    return data_html(mass_mg, shown, sign_css(mass_mg, tinted=signed and tint))


@register.simple_tag
def money(
    amount: Decimal | None,
    currency: str,
    signed: bool = False,  # noqa: FBT001, FBT002
    bare: bool = False,  # noqa: FBT001, FBT002
) -> SafeString:
    """`{% money line.amount line.currency %}`: `1,234,567.50 USD`."""
    if amount is None:
        return SafeString("")
    shown = formats.money(amount, currency, signed=signed)
    return data_html(
        amount, shown.removesuffix(f"{formats.NBSP}{currency}") if bare else shown, sign_css(amount, tinted=signed)
    )


@register.filter
def number(value: Decimal | int | None, places: int | None = None) -> str:
    """`{{ days|number }}`, `{{ rate|number:4 }}`."""
    return "" if value is None else formats.number(value, places)


@register.filter
def percent(ratio: Decimal | None, places: int = 1) -> str:
    """`{{ 0.945|percent }}` is 94.5%."""
    return "" if ratio is None else formats.percent(ratio, places)


@register.filter
def iso(day: dt.date | None) -> SafeString:
    """`{{ due_date|iso }}`: a day as tables write it."""
    if day is None:
        return SafeString("")
    return format_html('<time datetime="{0}">{0}</time>', formats.iso_date(day))


@register.filter
def prose(day: dt.date | None) -> SafeString:
    """`{{ due_date|prose }}`: a day as sentences write it, in the reader's language."""
    if day is None:
        return SafeString("")
    written = formats.prose_date(day, get_language() or "en")
    return format_html('<time datetime="{}">{}</time>', formats.iso_date(day), written)


@register.filter
def prose_month(day: dt.date) -> str:
    """`{{ first_day|prose_month }}`: September 2026, 2026年9月."""
    return formats.prose_month(day, get_language() or "en")


@register.filter
def utc(moment: dt.datetime | None) -> SafeString:
    """`{{ recorded_at|utc }}`: a moment with its zone."""
    if moment is None:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', formats.utc_stamp(moment), formats.utc_time(moment))


@register.filter
def short(digest: str) -> str:
    """`{{ digest|short }}`: eight characters, where the whole stands elsewhere on the page."""
    return formats.short_hash(digest)


@register.simple_tag(name="hash")
def hash_tag(digest: str, href: str = "") -> SafeString:
    """`{% hash entry.digest %}`: eight characters, all of them on focus, and a button to copy all."""
    if len(digest) <= formats.SHORT_HASH:
        return format_html('<span class="hash">{}</span>', digest)
    start, rest = digest[: formats.SHORT_HASH], digest[formats.SHORT_HASH :]
    name = format_html('{}<span class="rest">{}</span>', start, rest)
    opener = (
        format_html('<a class="digest" href="{}">{}</a>', href, name)
        if href
        else format_html('<span class="digest" tabindex="0">{}</span>', name)
    )
    return format_html('<span class="hash">{}{}</span>', opener, copy_html(digest))


def copy_html(text: str) -> SafeString:
    """Return a button that copies `text`; hidden where there is no script to do it."""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" data-done="{}" data-failed="{}">{}'
        '<span class="visually-hidden">{}</span><span aria-live="polite"></span></button>',
        text,
        _("Copied"),
        _("Select and copy it here"),
        icon_html("copy"),
        _("Copy"),
    )


@register.simple_tag
def copy(text: str) -> SafeString:
    """`{% copy reference %}`."""
    return copy_html(text)


_ELEMENTS = {"same": "{}", "inserted": "<ins>{}</ins>", "deleted": "<del>{}</del>"}


@register.simple_tag
def redline(before: str | None, after: str) -> SafeString:
    """`{% redline before after %}`: `<del>` and `<ins>` by word, number or han character; plain without a `before`."""
    if before is None or before == after:
        return format_html("{}", after)
    spans = (format_html(_ELEMENTS[span.kind], span.text) for span in redline_spans(before, after))
    return format_html_join("", "{}", ((span,) for span in spans))


@register.inclusion_tag("ui/chart.html")
def chart(value: Chart) -> dict[str, Any]:
    """`{% chart waterfall %}`: the drawing, and the same figures as a table."""
    return {"chart": value}


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """`{% query page=2 state=None %}`: this page's query string with changes; None takes a key away."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None:
            params.pop(key, None)
        else:
            params[key] = str(value)
    encoded: str = params.urlencode()
    return f"?{encoded}" if encoded else context["request"].path
