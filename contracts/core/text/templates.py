"""The clause templates and row templates of each kind."""

from collections.abc import Mapping
from typing import Final

from contracts.core.text import material_lease, offtake, performance_warranty
from contracts.core.text.markup import Rows
from contracts.core.text.price_rows import PRICE_ROWS
from contracts.core.text.render import ClauseTemplate

TEMPLATES: Final[Mapping[str, tuple[ClauseTemplate, ...]]] = {
    "material-lease": material_lease.CLAUSES,
    "offtake": offtake.CLAUSES,
    "performance-warranty": performance_warranty.CLAUSES,
}
ROWS: Final[Mapping[str, Rows]] = {
    "material-lease": {**PRICE_ROWS, **material_lease.ROWS},
    "offtake": {**PRICE_ROWS, **offtake.ROWS},
    "performance-warranty": performance_warranty.ROWS,
}
