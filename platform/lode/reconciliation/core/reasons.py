"""What each agreed reason asks for, and what follows from it for the ledger; one rule a reason."""

from __future__ import annotations

from enum import StrEnum

from lode.reconciliation.core.assay import assay_split
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.pairs import unit_slip, within_tolerance
from lode.reconciliation.core.sentences import limit_text
from lode.reconciliation.core.values import Line, Reason, Text, Tolerances


class Effect(StrEnum):
    """What an agreed difference does.

    `ledger-stands`: the partner takes over our figure in its own books. `carried`: both figures stand and the next
    period brings them together. `ledger-adjusted`: the ledger is brought to the agreed mass by an entry of both.
    """

    LEDGER_STANDS = "ledger-stands"
    CARRIED = "carried"
    LEDGER_ADJUSTED = "ledger-adjusted"


EFFECTS = {
    Reason.MOISTURE: Effect.LEDGER_STANDS,
    Reason.ASSAY_SPLIT: Effect.LEDGER_ADJUSTED,
    Reason.WEIGHING_TOLERANCE: Effect.LEDGER_STANDS,
    Reason.IN_TRANSIT: Effect.CARRIED,
    Reason.SAMPLING: Effect.LEDGER_STANDS,
    Reason.TYPING: Effect.LEDGER_STANDS,
    Reason.UNIT: Effect.LEDGER_STANDS,
}


def agreed_mass(reason: Reason, ours: Line | None, theirs: Line | None, tolerances: Tolerances) -> int | None:
    """Check that a reason fits a row; return the mass in mg that the ledger is to be brought to, None where it stands.

    Raises ReconciliationError `reason-does-not-fit` with the sentence why, `umpire-needed` for assays too far apart.
    """
    if reason is Reason.IN_TRANSIT:
        if ours and theirs:
            raise _unfit("Both sides have the row, so it is not in transit.", "双方都有该业务，不属于在途。")
        return None
    if reason is Reason.TYPING:
        return None
    if reason in {Reason.MOISTURE, Reason.SAMPLING} and theirs:
        return None
    if ours is None or theirs is None:
        raise _unfit("Only one side has the row; there is nothing to compare.", "只有一方有该业务，无法比较。")
    if reason is Reason.WEIGHING_TOLERANCE:
        _check_tolerance(ours, theirs, tolerances)
    elif reason is Reason.UNIT and unit_slip(ours, theirs, tolerances) is None:
        raise _unfit(
            "The masses are not apart by exactly a thousand or a million.", "双方质量并非恰好相差一千倍或一百万倍。"
        )
    elif reason is Reason.ASSAY_SPLIT:
        split = assay_split(ours.mass_mg, theirs.mass_mg, limit_ppm=tolerances.splitting_limit_ppm)
        if split.agreed_mg is None:
            raise ReconciliationError(Code.UMPIRE_NEEDED, _sentence(split.why))
        return split.agreed_mg
    return None


def _check_tolerance(ours: Line, theirs: Line, tolerances: Tolerances) -> None:
    if not within_tolerance(ours.mass_mg, theirs.mass_mg, tolerances.mass_ppm):
        limit = limit_text(tolerances.mass_ppm)
        raise _unfit(f"The difference is outside {limit} of our mass.", f"差异超过我方质量的 {limit}。")


def _unfit(en: str, zh: str) -> ReconciliationError:
    return ReconciliationError(
        Code.REASON_DOES_NOT_FIT, Text(f"{en} Choose another reason, or ask.", f"{zh}请选择其他原因或询问对方。")
    )


def _sentence(text: Text) -> Text:
    return Text(text.en[0].upper() + text.en[1:] + ".", text.zh + "。")
