"""The lease's world, for the jobs that settle it."""

from tests.settlement.conftest import built_world, world

__all__ = ["built_world", "world"]
