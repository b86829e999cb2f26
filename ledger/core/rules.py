"""What the rules of all kinds are made of: the states a kind takes from and gives to, and what it must not move."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import itemgetter
from typing import ClassVar, NoReturn

from ledger.core.disclosures import check_concealed
from ledger.core.entry import MAX_LEGS, Account, Entry, Leg, State, check_day, read_leg
from ledger.core.errors import LedgerCode, LedgerError

REGISTRY = "registry"  # the party whose keys sign public entries
INSIDE = frozenset({State.STOCK, State.TRANSIT, State.PROCESS, State.PRODUCT, State.SCRAP})
AT_REST = frozenset({State.STOCK, State.PRODUCT, State.SCRAP})
ANY = frozenset(State)
HEX32 = re.compile(r"[0-9a-f]{64}")


@lru_cache
def _key_of(axes: tuple[str, ...]) -> Callable[[Leg], tuple[str, ...]]:
    # The element and those axes of a leg.
    first, second, *others = (Leg._fields.index(axis) for axis in ("element", *axes))
    return itemgetter(first, second, *others)


class Kind:
    """One kind of entry. The docstring of each subclass is its rule's text; `check` and `required_signers` hold it."""

    name: ClassVar[str]
    # Whether the entry stands in the tree for everybody to read.
    public: ClassVar[bool] = False
    # Whether the entry moves mineral at all.
    moves: ClassVar[bool] = True
    # States that debits may leave and credits may enter.
    takes_from: ClassVar[frozenset[State]] = frozenset()
    gives_to: ClassVar[frozenset[State]] = frozenset()
    # For each group of axes, the sum over every combination of them stays zero: those axes cannot be moved.
    fixed: ClassVar[tuple[tuple[str, ...], ...]] = ()
    # Fields that must say something.
    needs: ClassVar[tuple[str, ...]] = ()

    def names(self, entry: Entry) -> tuple[str, ...]:
        """Return the hex ids of the entries that the rule has to know; one of another form is left to `check`."""
        return () if entry.corrects is None else (entry.corrects,)

    @property
    def rule(self) -> str:
        """The rule's text, for people."""
        return inspect.getdoc(type(self)) or ""

    def required_signers(self, entry: Entry, original: Entry | None = None) -> frozenset[str]:  # noqa: ARG002
        """Return the parties that must sign. `original` is the entry that a reversal names; others ignore it."""
        return self.signers_of(entry)

    def signers_of(self, entry: Entry) -> frozenset[str]:
        """Return the parties that must sign, as far as the entry alone tells."""
        raise NotImplementedError

    def check_signers(self, entry: Entry, signed: frozenset[str], original: Entry | None = None) -> None:
        """Raise `missing-signature` unless all that must sign are among the parties that `signed`."""
        if missing := self.required_signers(entry, original) - signed:
            raise LedgerError(
                LedgerCode.MISSING_SIGNATURE,
                f"An entry of kind {self.name} needs the signature of {', '.join(sorted(missing))}.",
            )

    def check(self, entry: Entry, original: Entry | None = None) -> None:  # noqa: ARG002
        """Raise `bad-leg`, `bad-field` or `bad-correction`, saying which part of the rule the entry breaks."""
        self._check_needs(entry)
        check_concealed(entry.details)
        if not self.moves:
            if entry.legs:
                self._refuse_leg("moves no mineral and so has no legs")
            self.check_more(entry)
            return
        if not entry.legs:
            self._refuse_leg("moves mineral and so has legs")
        self._check_states(entry)
        for axes in self.fixed:
            self._check_fixed(entry, axes)
        self.check_more(entry)

    def check_more(self, entry: Entry) -> None:
        """Hold what a table of states and axes cannot say."""

    def _check_needs(self, entry: Entry) -> None:
        for field in self.needs:
            if not getattr(entry, field):
                raise LedgerError(LedgerCode.BAD_FIELD, f"An entry of kind {self.name} needs the field {field}.")

    def _check_states(self, entry: Entry) -> None:
        for leg in entry.legs:
            allowed = self.takes_from if leg.mass_mg < 0 else self.gives_to
            if leg.state not in allowed:
                verb = "takes nothing from" if leg.mass_mg < 0 else "gives nothing to"
                self._refuse_leg(f"{verb} the state {leg.state}")

    def _check_fixed(self, entry: Entry, axes: tuple[str, ...]) -> None:
        key_of = _key_of(axes)
        totals: dict[tuple[str, ...], int] = {}
        for leg in entry.legs:
            key = key_of(leg)
            totals[key] = totals.get(key, 0) + leg.mass_mg
        if not any(totals.values()):
            return
        for key in sorted(totals):
            if totals[key]:
                named = ", ".join(f"{axis} {value}" for axis, value in zip(axes, key[1:], strict=True))
                self._refuse_leg(
                    f"does not change the {' and '.join(axes)}, yet {totals[key]:+d} mg of {key[0]} moves ({named})"
                )

    def _refuse_leg(self, why: str) -> NoReturn:
        raise LedgerError(LedgerCode.BAD_LEG, f"An entry of kind {self.name} {why}.")

    def _refuse_field(self, why: str) -> NoReturn:
        raise LedgerError(LedgerCode.BAD_FIELD, f"An entry of kind {self.name} {why}.")

    def _detail_text(self, entry: Entry, name: str) -> str:
        value = entry.details.get(name)
        if not isinstance(value, str) or not value:
            self._refuse_field(f"needs the text {name!r} among its details")
        return value

    def _detail_id(self, entry: Entry, name: str) -> str:
        value = self._detail_text(entry, name)
        if not HEX32.fullmatch(value):
            self._refuse_field(f"gives {name} as 64 lower-case hexadecimal digits")
        return value

    def _detail_day(self, entry: Entry, name: str) -> str:
        return check_day(name, self._detail_text(entry, name))


def is_id(value: object) -> bool:
    """Whether `value` is an entry id as it stands in an entry: 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and HEX32.fullmatch(value) is not None


def pledged_by(entry: Entry) -> tuple[tuple[Account, int], ...]:
    """Return the accounts and mg in the detail `pledged` of a pledge or release, none where it is absent.

    Raises `bad-field` or `bad-leg` unless it is a list of objects of exactly holder, element, state, lot and mass_mg
    (above zero), sorted by the first four, each account once and inside of the ledger.
    """
    listed = entry.details.get("pledged", [])
    if not isinstance(listed, list) or len(listed) > MAX_LEGS:
        raise LedgerError(LedgerCode.BAD_FIELD, f"The detail pledged is not a list of at most {MAX_LEGS}.")
    owner = entry.details.get("owner")
    found = tuple(_pledged(owner, item, number) for number, item in enumerate(listed, 1))
    accounts = [account for account, _ in found]
    if accounts != sorted(set(accounts)):
        raise LedgerError(LedgerCode.BAD_FIELD, "The accounts in the detail pledged are not sorted, each once.")
    return found


def _pledged(owner: object, item: object, number: int) -> tuple[Account, int]:
    leg = read_leg({**item, "owner": owner} if isinstance(item, dict) and "owner" not in item else None, number)
    if leg.mass_mg < 0 or leg.state not in INSIDE:
        raise LedgerError(LedgerCode.BAD_FIELD, f"Nothing like {leg.mass_mg} mg in the state {leg.state} is pledged.")
    return leg.account, leg.mass_mg


def credits_of(entry: Entry) -> Iterable[Leg]:
    """Return the legs that add to an account."""
    return (leg for leg in entry.legs if leg.mass_mg > 0)


def debits_of(entry: Entry) -> Iterable[Leg]:
    """Return the legs that take from an account."""
    return (leg for leg in entry.legs if leg.mass_mg < 0)


def owners_changed(entry: Entry) -> frozenset[str]:
    """Return the owners who own more or less of some element after the entry than before."""
    totals: dict[tuple[str, str], int] = {}
    for leg in entry.legs:
        key = (leg.owner, leg.element)
        totals[key] = totals.get(key, 0) + leg.mass_mg
    return frozenset(owner for (owner, _), total in totals.items() if total)
