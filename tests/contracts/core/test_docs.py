"""The manual's tables of terms are those of the schemas."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.core.schema_table import markdown_table
from contracts.core.terms import KINDS

DOCS = Path(__file__).parents[3] / "docs" / "terms"


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_page_of_a_kind_lists_its_terms(kind: str) -> None:
    page = (DOCS / f"{kind}.md").read_text()
    assert page.split("<!-- terms -->\n\n")[1] == markdown_table(KINDS[kind].schema)
