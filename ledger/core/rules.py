"""What the rules of all kinds are made of: the states a kind takes from and gives to, and what it must not move."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import ClassVar, NoReturn

from ledger.core.entry import Entry, Leg, State
from ledger.core.errors import LedgerCode, LedgerError

REGISTRY = "registry"  # the party whose keys sign public entries
INSIDE = frozenset({State.STOCK, State.TRANSIT, State.PROCESS, State.PRODUCT, State.SCRAP})
AT_REST = frozenset({State.STOCK, State.PRODUCT, State.SCRAP})
ANY = frozenset(State)
HEX32 = re.compile(r"[0-9a-f]{64}")


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
        totals: dict[tuple[str, ...], int] = {}
        for leg in entry.legs:
            key = (leg.element, *(getattr(leg, axis) for axis in axes))
            totals[key] = totals.get(key, 0) + leg.mass_mg
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
