"""The kinds of contract, by their stable code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.core.kind import Kind
from contracts.core.terms import material_lease, offtake, performance_warranty

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind.code: kind for kind in (material_lease.KIND, performance_warranty.KIND, offtake.KIND)}
)
