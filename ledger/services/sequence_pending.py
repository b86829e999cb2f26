"""Put what was handed in in order: stage, sign, publish."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SequenceReport:
    """What one run did. `leader` is False when another sequencer was at work for as long as we waited."""

    leader: bool
    posted: int
    refused: int
    size: int


def sequence_pending(*, limit: int | None = None) -> SequenceReport:
    """Post everything pending (at most `limit` entries), sign the new checkpoint and publish its files."""
    raise NotImplementedError


def sequence_on_commit() -> None:
    """Run `sequence_pending` once after the caller's transaction commits; a failure there is logged, not raised."""
    raise NotImplementedError
