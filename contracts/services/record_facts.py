"""Record what happened: weights, assays, readings, milestones, payments."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from contracts.core.compute import kind_of
from contracts.core.fact_rules import check_stated, stated_for
from contracts.core.facts import Fact as FactValue
from contracts.core.facts import FactKind, FactStatus
from contracts.errors import ContractCode, ContractError
from contracts.models import Contract, Fact
from contracts.services.desk import open_desk, refuse_readers
from ledger.core.canonical_json import dumps
from lode.parties.actor import Actor

AUDITORS = frozenset({"auditor"})
MAX_SUBJECT, MAX_SOURCE, MAX_ID = 120, 200, 40


@dataclass(frozen=True)
class NewFact:
    """A fact to be recorded: kinds, subjects and the names in `value` (all texts) are those of `contracts.core.facts`.

    `corrects` is the name (as `record_facts` gave it) of the fact that this one is the next version of. `id`, up to 40
    characters, is the recorder's own name for it within the contract; without one, two facts that say the same from the
    same source are one fact.
    """

    kind: str
    subject: str
    effective: date
    source: str
    value: Mapping[str, str] = field(default_factory=dict)
    status: str = "final"
    id: str | None = None
    corrects: str | None = None


@dataclass(frozen=True)
class Recorded:
    """The name and version under which a fact is kept. `existed` says that the very same stood there already."""

    id: str
    version: int
    existed: bool


def record_fact(*, actor: Actor, ref: str | None, fact: NewFact, now: datetime) -> Recorded:
    """Record one fact; see `record_facts`."""
    return record_facts(actor=actor, ref=ref, facts=[fact], now=now)[0]


def record_facts(*, actor: Actor, ref: str | None, facts: Sequence[NewFact], now: datetime) -> tuple[Recorded, ...]:
    """Record facts of a contract (or of no contract: readings of an asset that several contracts may use), all or none.

    Facts are never changed: a correction is the next version, and only the organisation that recorded a fact corrects
    it. What is stated in a role's name (`party` of an assay) is recorded by that party alone. Recording the same again
    changes nothing. Raises ContractError `invalid-fact`, `unknown-fact`, `unknown-contract`, `not-allowed`;
    SettlementError `bad-fact` that names the fact and what is wrong with it.
    """
    with transaction.atomic():
        contract, recorded_at = _place(actor, ref, now)
        keeper = _Keeper(actor, contract, recorded_at)
        for fact in facts:
            _check_texts(fact)
        keeper.load(facts)
        kept = tuple([keeper.keep(fact) for fact in facts])
        keeper.flush()
        return kept


def _place(actor: Actor, ref: str | None, now: datetime) -> tuple[Contract | None, datetime]:
    if ref is None:
        refuse_readers(actor, roles=AUDITORS)
        return None, _after_all_knowledge(actor, now)
    desk = open_desk(actor=actor, ref=ref, roles=AUDITORS)
    return desk.contract, desk.recorded_at(now)


def _after_all_knowledge(actor: Actor, now: datetime) -> datetime:
    # Any contract of the organisation may use the fact: all of them are locked, always in the same order.
    mine = Q(party_a=actor.organisation) | Q(party_b=actor.organisation)
    rows = Contract.objects.filter(mine).order_by("id").select_for_update()
    known = max((row.known_through for row in rows if row.known_through), default=None)
    return now if known is None or known < now else known + timedelta(microseconds=1)


def _check_texts(fact: NewFact) -> None:
    texts: list[object] = [
        fact.subject,
        fact.source,
        fact.id or "",
        fact.corrects or "",
        *fact.value,
        *fact.value.values(),
    ]
    if not fact.subject or not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise ContractError(
            ContractCode.INVALID_FACT,
            f"A {fact.kind} of {fact.subject!r} needs a subject, figures given as texts, and no control characters.",
        )
    if len(fact.subject) > MAX_SUBJECT or len(fact.source) > MAX_SOURCE or len(fact.id or "") > MAX_ID:
        raise ContractError(
            ContractCode.INVALID_FACT,
            f"A {fact.kind} of {fact.subject[:40]!r} is named at too great a length: subjects have {MAX_SUBJECT} "
            f"characters at most, sources {MAX_SOURCE}, names {MAX_ID}.",
        )


class _Keeper:
    """Keeps facts one by one, with what stands already read at once."""

    def __init__(self, actor: Actor, contract: Contract | None, recorded_at: datetime) -> None:
        self.actor = actor
        self.contract = contract
        self.recorded_at = recorded_at
        # Names are given within a contract, or within an organisation: nobody can take or probe another's.
        self.scope = contract.ref if contract else actor.organisation
        self.latest: dict[str, Fact] = {}
        self.unsaved: list[Fact] = []

    def load(self, facts: Sequence[NewFact]) -> None:
        """Read the latest version of every fact that is about to be named."""
        names = {self.name_of(fact) for fact in facts}
        for row in Fact.objects.filter(fact_id__in=names).order_by("fact_id", "version"):
            self.latest[row.fact_id] = row

    def name_of(self, fact: NewFact) -> str:
        """Return the name of the fact for ever: given, or a digest of what it says."""
        if fact.corrects:
            return fact.corrects
        if fact.id:
            return f"{self.scope}/{fact.id}"
        said = {"by": self.actor.organisation, **self._content(fact)}
        return f"{self.scope}/{hashlib.sha256(dumps(said)).hexdigest()[:24]}"

    def keep(self, fact: NewFact) -> Recorded:
        """Keep one fact, or find that it is kept already."""
        name = self.name_of(fact)
        stands = self.latest.get(name)
        if fact.corrects and (stands is None or not name.startswith(f"{self.scope}/")):
            raise ContractError(ContractCode.UNKNOWN_FACT, f"There is no fact {name} here to correct: check its name.")
        if stands is not None:
            self._require_own(stands)
            if self._content_of_row(stands) == self._content(fact):
                return Recorded(name, stands.version, existed=True)
        if stands is not None and not fact.corrects:
            raise ContractError(
                ContractCode.INVALID_FACT,
                f"The fact {name} says something else already: facts are not changed. Record a correction of it.",
            )
        row = self._create(name, fact, stands)
        self.latest[name] = row
        return Recorded(name, row.version, existed=False)

    def _create(self, name: str, fact: NewFact, stands: Fact | None) -> Fact:
        version = stands.version + 1 if stands else 1
        self._check(name, version, fact)
        if stands in self.unsaved:
            self.flush()
        row = Fact(
            fact_id=name,
            version=version,
            contract=self.contract,
            supersedes=stands,
            recorded_by=self.actor.organisation,
            recorded_at=self.recorded_at,
            **{**self._content(fact), "effective": fact.effective},
        )
        self.unsaved.append(row)
        return row

    def flush(self) -> None:
        """Write what was kept."""
        Fact.objects.bulk_create(self.unsaved, batch_size=1000)
        self.unsaved = []

    def _check(self, name: str, version: int, fact: NewFact) -> None:
        try:
            value = FactValue(
                id=name,
                version=version,
                kind=FactKind(fact.kind),
                subject=fact.subject,
                effective=fact.effective,
                recorded=self.recorded_at,
                status=FactStatus(fact.status),
                source=fact.source,
                value=fact.value,
            )
        except ValueError as error:
            raise ContractError(ContractCode.INVALID_FACT, f"The fact {name} cannot be kept: {error}.") from error
        check_stated(value)
        self._require_role(value)

    def _require_role(self, fact: FactValue) -> None:
        role = stated_for(fact)
        if role is None or self.contract is None:
            return
        holders = dict(zip(kind_of(self.contract.kind).party_roles, self._parties(), strict=True))
        if holders.get(role, self.actor.organisation) != self.actor.organisation:
            raise ContractError(
                ContractCode.NOT_ALLOWED,
                f"Only {holders[role]} states a {fact.kind} as the {role} of {self.contract.ref}.",
            )

    def _parties(self) -> tuple[str, str]:
        assert self.contract is not None
        return self.contract.party_a, self.contract.party_b

    def _require_own(self, row: Fact) -> None:
        if row.recorded_by != self.actor.organisation:
            raise ContractError(
                ContractCode.NOT_ALLOWED,
                f"The fact {row.fact_id} was recorded by {row.recorded_by}: only who recorded it corrects it.",
            )

    def _content(self, fact: NewFact) -> dict[str, Any]:
        return {
            "kind": str(fact.kind),
            "subject": fact.subject,
            "effective": fact.effective.isoformat(),
            "source": fact.source,
            "status": str(fact.status),
            "value": dict(fact.value),
        }

    def _content_of_row(self, row: Fact) -> dict[str, Any]:
        return {
            "kind": row.kind,
            "subject": row.subject,
            "effective": row.effective.isoformat(),
            "source": row.source,
            "status": row.status,
            "value": row.value,
        }
