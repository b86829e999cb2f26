"""The ledger's fixed words in the reader's language: kinds of entry, states, and a posting in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy as _p

from ledger.core.entry import Account
from ledger.selectors.movements import pair
from ledger.selectors.values import PostedLeg
from lode.web.formats import mass

SHOWN_MOVES: Final = 3

KINDS: Final[Mapping[str, str | Promise]] = {
    "receive": _p("kind of entry", "Receive"),
    "title": _p("kind of entry", "Title passes"),
    "ship": _p("kind of entry", "Ship"),
    "arrive": _p("kind of entry", "Arrive"),
    "lease-out": _p("kind of entry", "Lease out"),
    "return": _p("kind of entry", "Return"),
    "re-supply": _p("kind of entry", "Re-supply"),
    "embody": _p("kind of entry", "Embody"),
    "process": _p("kind of entry", "Process"),
    "collect": _p("kind of entry", "Collect"),
    "recover": _p("kind of entry", "Recover"),
    "exchange": _p("kind of entry", "Exchange"),
    "loss": _p("kind of entry", "Loss"),
    "adjustment": _p("kind of entry", "Adjustment"),
    "reversal": _p("kind of entry", "Reversal"),
    "pledge": _p("kind of entry", "Pledge"),
    "release": _p("kind of entry", "Release"),
    "key": _p("kind of entry", "Key"),
    "notice": _p("kind of entry", "Notice"),
    "contract": _p("kind of entry", "Contract"),
    "statement": _p("kind of entry", "Statement"),
}
STATES: Final[Mapping[str, str | Promise]] = {
    "stock": _p("state of material", "stock"),
    "transit": _p("state of material", "in transit"),
    "process": _p("state of material", "in process"),
    "product": _p("state of material", "product"),
    "scrap": _p("state of material", "scrap"),
    "source": _p("state of material", "source"),
    "loss": _p("state of material", "loss"),
    "unaccounted": _p("state of material", "unaccounted"),
    "exported": _p("state of material", "exported"),
}


def kind_word(kind: str) -> str:
    """Return the word for a kind of entry."""
    return str(KINDS.get(kind, kind))


def state_word(state: str) -> str:
    """Return the word for a state of material."""
    return str(STATES.get(state, state))


def account_path(account: Account) -> str:
    """Return the address of an account's page."""
    return f"/accounts/{'/'.join(account)}/"


def postings_line(legs: Iterable[PostedLeg], names: Mapping[str, str], unit: str = "kg") -> str:
    """Return what an entry moved in one line: masses by element, from where to where; lots are left to the entry."""
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
        f"{' + '.join(mass(mass_mg, unit, element) for element, mass_mg in totals.items())}: {route}"
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
