"""What the pages of one contract share: who may act, what is waited for, and the text with what changed in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from contracts.core.schema import FieldType
from contracts.core.text import Clause
from contracts.selectors import ContractDetail, contract_detail, kind_of
from contracts.services.desk import READ_ONLY_ROLES
from lode.parties.actor import Actor
from lode.web.requests import now
from lode.web.views.contracts_form import field_id
from lode.web.views.contracts_words import label_of


def detail_for(actor: Actor, ref: str) -> ContractDetail:
    """Return a contract as the actor may see it today; raises ContractError `unknown-contract`."""
    return contract_detail(ref=ref, party=actor.reads_as, as_of=now().date())


def reads_only(actor: Actor) -> str:
    """Return why the actor may not act on contracts, empty where it may. The services decide again."""
    if actor.sees_all or actor.role in READ_ONLY_ROLES:
        return _("Your role reads contracts and does not act on them: ask a commercial colleague.")
    return ""


def may(actor: Actor, detail: ContractDetail, move: str) -> bool:
    """Say whether the actor may make the move now."""
    return not reads_only(actor) and move in detail.moves


@dataclass(frozen=True)
class ShownClause:
    """A clause beside what it was before (None: nothing to compare with), and links to the terms that feed it."""

    id: str
    number: str
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    before_en: str | None = None
    before_zh: str | None = None
    terms: tuple[tuple[str, str], ...] = ()
    redlined: bool = False

    @property
    def changed(self) -> bool:
        """Whether the text of either language differs."""
        return self._changed(self.before_en, self.text_en) or self._changed(self.before_zh, self.text_zh)

    @property
    def out_of_step(self) -> bool:
        """Whether only one language changed."""
        return self._changed(self.before_en, self.text_en) != self._changed(self.before_zh, self.text_zh)

    def _changed(self, before: str | None, after: str) -> bool:
        return before is not None and before != after

    @property
    def shown_before_en(self) -> str | None:
        """What the English is compared with, where the reader asked for a redline."""
        return self.before_en if self.redlined else None

    @property
    def shown_before_zh(self) -> str | None:
        """What the Chinese is compared with, where the reader asked for a redline."""
        return self.before_zh if self.redlined else None


def shown_clauses(
    clauses: Sequence[Clause],
    *,
    before: Sequence[Clause] | None = None,
    redlined: bool = False,
    names: Mapping[str, tuple[str, str]] | None = None,
) -> tuple[ShownClause, ...]:
    """Return clauses beside what they were in `before` (None: compared with nothing)."""
    old = {clause.id: clause for clause in before or ()}
    found = []
    for clause in clauses:
        earlier = old.get(clause.id)
        compared = before is not None
        found.append(
            ShownClause(
                id=clause.id,
                number=clause.number,
                title_en=clause.title_en,
                title_zh=clause.title_zh,
                text_en=clause.body_en,
                text_zh=clause.body_zh,
                before_en=(earlier.body_en if earlier else "") if compared else None,
                before_zh=(earlier.body_zh if earlier else "") if compared else None,
                terms=tuple(names[path] for path in clause.terms if path in names) if names else (),
                redlined=redlined,
            )
        )
    return tuple(found)


def term_links(kind: str) -> dict[str, tuple[str, str]]:
    """Return, for each path of a term (without row numbers), the id of its first input and its name."""
    return dict(_links(kind_of(kind).schema, "", "", ""))


def _links(schema: object, path: str, place: str, within: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for term in schema.fields:  # type: ignore[attr-defined]
        where, at = f"{path}{term.name}", f"{place}{term.name}"
        name = f"{within}{label_of(term)}"
        yield where, (field_id(at), name)
        if term.rows is not None:
            row = "0." if term.type is FieldType.TABLE else ""
            yield from _links(term.rows, f"{where}.", f"{at}.{row}", f"{name} › ")
