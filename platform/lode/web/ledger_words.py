"""The ledger's fixed words in the reader's language: kinds of entry, states, and a posting in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from ledger.core.entry import Account
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
