"""Splitting a mass over weights: every milligram goes somewhere, and always to the same place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.allocate import allocate, allocate_by_name
from ledger.core.errors import LedgerError

WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)
MASSES = st.integers(-(10**15), 10**15)


def test_the_largest_remainders_get_what_is_left_over():
    # Quotas 2.857…, 4.285…, 2.857…: two milligrams are left over for the two largest remainders.
    assert allocate(10, [2, 3, 2]) == (3, 4, 3)
    assert allocate(100, [1, 1, 1]) == (34, 33, 33)
    assert allocate(0, [5, 0]) == (0, 0)
    assert allocate(7, [0, 1, 0]) == (0, 7, 0)
    assert allocate(-100, [1, 1, 1]) == (-34, -33, -33)
    assert allocate_by_name(1, {"b": 1, "a": 1}) == {"a": 1, "b": 0}
    assert allocate_by_name(1, {"a": 1, "b": 1}) == {"a": 1, "b": 0}


@given(MASSES, WEIGHTS)
def test_the_parts_sum_to_the_whole_and_stay_within_a_milligram(total, weights):
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        # |part - total·weight/Σ| < 1, kept in integers.
        assert abs(part * sum(weights) - total * weight) < sum(weights)
        assert weight or not part


@given(MASSES, WEIGHTS, st.integers(2, 1000))
def test_scaling_all_weights_changes_nothing(total, weights, factor):
    assert allocate(total, weights) == allocate(total, [weight * factor for weight in weights])


@given(st.integers(0, 10**12), WEIGHTS)
def test_a_heavier_weight_never_gets_less(total, weights):
    parts = allocate(total, weights)
    for one, part in zip(weights, parts, strict=True):
        for other, other_part in zip(weights, parts, strict=True):
            assert one <= other or part >= other_part


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [-1]])
def test_weights_that_split_nothing_are_refused(weights):
    with pytest.raises(LedgerError):
        allocate(1, weights)
