"""What was recovered from one batch of several lessors' material, shared out by what each put in (terms B.1 step 5)."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.core.trace import Input, Node, Op, Tracer, const

_KG_DP = 3  # R7: metal quantities in kilograms, three digits, at account entry


def allocate_batch(tracer: Tracer, batch: Input, put_in: Mapping[str, Input]) -> dict[str, Node]:
    """Return each lessor's share of a recovered batch, in kg to three digits; the shares add up to the batch exactly.

    `batch` is the recovered mass (at most three digits), `put_in` the contained mass that each lessor put in, both in
    kg. Lessors are taken in order of name, so the answer does not depend on the order in which they are given.
    """
    names = sorted(put_in)
    weights = tuple(put_in[name] for name in names)
    return {
        name: tracer.add(
            f"batch.share.{name}",
            f"{name}: share of the batch",
            f"{name}：批次份额",
            Op.SHARE,
            (const("position", position, "1"), const("digits", _KG_DP, "1"), batch, *weights),
            "kg",
            clause="return",
        )
        for position, name in enumerate(names)
    }
