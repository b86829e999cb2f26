"""The ledger's fixed words in the reader's language: kinds of entry, states, and a posting in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from ledger.core.entry import Account
from ledger.core.kinds import KINDS as RULES
from ledger.selectors.movements import pair
from ledger.selectors.values import PostedLeg
from lode.web.formats import mass

SHOWN_MOVES: Final = 1

KINDS: Final[Mapping[str, str | Promise]] = {
    "receive": pgettext_lazy("kind of entry", "Receive"),
    "title": pgettext_lazy("kind of entry", "Title passes"),
    "ship": pgettext_lazy("kind of entry", "Ship"),
    "arrive": pgettext_lazy("kind of entry", "Arrive"),
    "lease-out": pgettext_lazy("kind of entry", "Lease out"),
    "return": pgettext_lazy("kind of entry", "Return"),
    "re-supply": pgettext_lazy("kind of entry", "Re-supply"),
    "embody": pgettext_lazy("kind of entry", "Embody"),
    "process": pgettext_lazy("kind of entry", "Process"),
    "collect": pgettext_lazy("kind of entry", "Collect"),
    "recover": pgettext_lazy("kind of entry", "Recover"),
    "exchange": pgettext_lazy("kind of entry", "Exchange"),
    "loss": pgettext_lazy("kind of entry", "Loss"),
    "adjustment": pgettext_lazy("kind of entry", "Adjustment"),
    "reversal": pgettext_lazy("kind of entry", "Reversal"),
    "reaffirm": pgettext_lazy("kind of entry", "Reaffirm"),
    "pledge": pgettext_lazy("kind of entry", "Pledge"),
    "release": pgettext_lazy("kind of entry", "Release"),
    "key": pgettext_lazy("kind of entry", "Key"),
    "notice": pgettext_lazy("kind of entry", "Notice"),
    "contract": pgettext_lazy("kind of entry", "Contract"),
    "statement": pgettext_lazy("kind of entry", "Statement"),
}
STATES: Final[Mapping[str, str | Promise]] = {
    "stock": pgettext_lazy("state of material", "stock"),
    "transit": pgettext_lazy("state of material", "in transit"),
    "process": pgettext_lazy("state of material", "in process"),
    "product": pgettext_lazy("state of material", "product"),
    "scrap": pgettext_lazy("state of material", "scrap"),
    "source": pgettext_lazy("state of material", "source"),
    "loss": pgettext_lazy("state of material", "loss"),
    "unaccounted": pgettext_lazy("state of material", "unaccounted"),
    "exported": pgettext_lazy("state of material", "exported"),
}


def kind_word(kind: str) -> str:
    """Return the word for a kind of entry."""
    return str(KINDS.get(kind, kind))


def state_word(state: str) -> str:
    """Return the word for a state of material."""
    return str(STATES.get(state, state))


def rule_texts() -> list[str]:
    """Return the paragraphs of the rules of all kinds in English, for the catalog of translations."""
    return [text for kind in RULES.values() for text in _paragraphs(kind.rule)]


def kind_rule(kind: str) -> list[SafeString]:
    """Return the rule of a kind of entry, a paragraph each, with what stands in backquotes as code."""
    rule = RULES.get(kind)
    return [_coded(_(text)) for text in _paragraphs(rule.rule)] if rule else []


def _paragraphs(rule: str) -> list[str]:
    return [" ".join(part.split()) for part in rule.split("\n\n")]


def _coded(text: str) -> SafeString:
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if place % 2 else part,) for place, part in enumerate(parts))
    )


def account_path(account: Account) -> str:
    """Return the address of an account's page."""
    return f"/accounts/{'/'.join(account)}/"


def postings_line(legs: Iterable[PostedLeg], names: Mapping[str, str]) -> str:
    """Return what an entry moved in one line, in whole kilograms: masses by element, from where to where."""
    by_element: dict[str, list[PostedLeg]] = {}
    for leg in legs:
        by_element.setdefault(leg.account.element, []).append(leg)
    routes: dict[str, dict[str, int]] = {}
    for element, moved in sorted(by_element.items()):
        for source, target, mass_mg in pair(moved):
            totals = routes.setdefault(_route(source, target, names), {})
            totals[element] = totals.get(element, 0) + mass_mg
    shown = sorted(routes.items(), key=lambda route: -max(route[1].values()))
    parts = [
        f"{' + '.join(mass(mass_mg, 'kg', element, 0) for element, mass_mg in totals.items())}: {route}"
        for route, totals in shown[:SHOWN_MOVES]
    ]
    if len(shown) > SHOWN_MOVES:
        parts.append(_("and %(count)s more") % {"count": len(shown) - SHOWN_MOVES})
    return "; ".join(parts)


def _route(source: Account, target: Account, names: Mapping[str, str]) -> str:
    def owner(account: Account) -> str:
        return names.get(account.owner, account.owner)

    def holder(account: Account) -> str:
        return names.get(account.holder, account.holder)

    if source.owner != target.owner:
        return _("title %(before)s → %(after)s") % {"before": owner(source), "after": owner(target)}
    here, there = state_word(source.state), state_word(target.state)
    if source.holder == target.holder:
        same = _("another lot") if here == there else there
        return f"{holder(source)}, {here} → {same}"
    if here == there:
        return f"{holder(source)} → {holder(target)}, {here}"
    return f"{holder(source)}, {here} → {holder(target)}, {there}"
