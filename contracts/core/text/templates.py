"""The clause templates of each kind."""

from collections.abc import Mapping
from typing import Final

from contracts.core.text.render import ClauseTemplate

TEMPLATES: Final[Mapping[str, tuple[ClauseTemplate, ...]]] = {
    "material-lease": (),
    "offtake": (),
    "performance-warranty": (),
}
