"""Two assays of one lot: inside the splitting limit the mean counts, outside an umpire decides."""

from __future__ import annotations

from dataclasses import dataclass

from lode.reconciliation.core.sentences import limit_text, mass_text, percent_text
from lode.reconciliation.core.values import Text

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class AssaySplit:
    """What two results come to. `agreed_mg` is None where an umpire is needed."""

    agreed_mg: int | None
    why: Text


def assay_split(ours_mg: int, theirs_mg: int, *, limit_ppm: int) -> AssaySplit:
    """Decide by the relative splitting limit: |a − b| ≤ limit × mean(a, b) counts as within.

    The practice of concentrates and black mass; the mean is rounded half away from zero to the milligram.
    """
    difference, doubled_mean = abs(ours_mg - theirs_mg), abs(ours_mg + theirs_mg)
    limit = limit_text(limit_ppm)
    share = percent_text(difference * 2, doubled_mean) if doubled_mean else "–"
    if difference * 2 * _MILLION > limit_ppm * doubled_mean:
        why = Text(
            f"{share} of the mean is outside the splitting limit of {limit}: the umpire's assay decides",
            f"差异为平均值的 {share}，超出 {limit} 化验允差，由仲裁化验决定",
        )
        return AssaySplit(None, why)
    half, odd = divmod(doubled_mean, 2)
    agreed_mg = (half + odd) * (-1 if ours_mg + theirs_mg < 0 else 1)
    why = Text(
        f"{share} of the mean is inside the splitting limit of {limit}: the mean counts, {mass_text(agreed_mg)}",
        f"差异为平均值的 {share}，在 {limit} 化验允差之内，取平均值 {mass_text(agreed_mg)}",
    )
    return AssaySplit(agreed_mg, why)
