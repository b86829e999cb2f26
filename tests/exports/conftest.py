"""The lease's world, for the files that finance gets of it."""

from tests.settlement.conftest import built_world, world

__all__ = ["built_world", "world"]
