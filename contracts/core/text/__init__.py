"""The bilingual text of a contract: clause templates bound to typed terms, and their rendering."""

from contracts.core.text.render import Clause, ClauseTemplate, render, text_sha256
from contracts.core.text.templates import TEMPLATES

__all__ = ["TEMPLATES", "Clause", "ClauseTemplate", "render", "text_sha256"]
