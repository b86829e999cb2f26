"""Runs (work to do), statements and their lines. What a statement says is written once; its state moves on."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from lode.market.fields import NumericField
from lode.settlement.core.life import RunState, StatementState


class SettlementRun(models.Model):
    """One settlement that is due: the truth about work to do. A message to a worker only points at it.

    `attempts` is the fencing number of a claim: who saves under an older number has lost the run to somebody else.
    """

    contract_ref = models.CharField(max_length=40)
    contract_kind = models.CharField(max_length=40)
    parties = ArrayField(models.CharField(max_length=40))
    subject = models.CharField(max_length=120, default="", blank=True)
    purpose = models.CharField(max_length=20)
    period_start = models.DateField()
    period_end = models.DateField()
    due_date = models.DateField()
    # When the last attempt knew: a fact recorded after it is a reason to look again.
    looked_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in RunState])
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    nudged_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, default="", blank=True)
    error_subject = models.CharField(max_length=160, default="", blank=True)
    error_sentence = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_date", "contract_ref", "subject", "period_start", "purpose"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract_ref", "subject", "period_start", "period_end", "purpose"], name="settlement_run_once"
            ),
            # A lot is settled once at each stage, even where a corrected date moves the period.
            models.UniqueConstraint(
                fields=["contract_ref", "subject", "purpose"],
                condition=~models.Q(purpose="regular"),
                name="settlement_stage_once",
            ),
            models.CheckConstraint(
                condition=models.Q(period_start__lt=models.F("period_end")), name="settlement_run_has_days"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_date"], name="settlement_run_state"),
            GinIndex(fields=["parties"], name="settlement_run_parties"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_ref} {self.subject} {self.period_start}..{self.period_end} {self.purpose}"


class Statement(models.Model):
    """What a settlement came to. `body` is the whole of it, canonical bytes with every trace; `digest` is its SHA-256.

    Written once: a trigger refuses another body, digest, total or line; only its state and who moved it change.
    """

    ref = models.CharField(max_length=120, unique=True)
    run = models.ForeignKey(SettlementRun, on_delete=models.PROTECT, related_name="statements")
    contract_ref = models.CharField(max_length=40)
    contract_kind = models.CharField(max_length=40)
    parties = ArrayField(models.CharField(max_length=40))
    subject = models.CharField(max_length=120, default="", blank=True)
    purpose = models.CharField(max_length=20)
    period_start = models.DateField()
    period_end = models.DateField()
    revision = models.PositiveIntegerField()
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="revisions")
    currency = models.CharField(max_length=3)
    total = NumericField[Decimal]()
    already_issued = NumericField[Decimal]()
    amount_due = NumericField[Decimal]()
    payer = models.CharField(max_length=40)
    payee = models.CharField(max_length=40)
    due_date = models.DateField()
    known_at = models.DateTimeField()
    ledger_size = models.BigIntegerField()
    idempotency_key = models.CharField(max_length=64, unique=True)
    terms_sha256 = models.CharField(max_length=64)
    facts = models.JSONField()
    engine_version = models.CharField(max_length=20)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    line_count = models.PositiveIntegerField()
    prepared_by = models.CharField(max_length=40)
    prepared_by_person = models.BigIntegerField(null=True)
    prepared_at = models.DateTimeField()
    # From here on: what moves.
    status = models.CharField(max_length=10, choices=[(state.value, state.value) for state in StatementState])
    approved_by = models.CharField(max_length=40, default="", blank=True)
    approved_by_person = models.BigIntegerField(null=True)
    approved_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    entry_id = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        ordering = ["-period_end", "-prepared_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "revision"], name="settlement_revision_once"),
            # Two statements of one run under way at once could both be issued: the amount would be due twice.
            models.UniqueConstraint(
                fields=["run"],
                condition=models.Q(status__in=["draft", "approved"]),
                name="settlement_one_under_way",
            ),
        ]
        indexes = [
            models.Index(fields=["contract_ref", "period_start"], name="settlement_stmt_period"),
            GinIndex(fields=["parties"], name="settlement_stmt_parties"),
            GinIndex(fields=["facts"], name="settlement_stmt_facts"),  # finds what a superseded fact was used in
        ]

    def __str__(self) -> str:
        return self.ref


class StatementLine(models.Model):
    """One line: an amount rounded once, with the node of the trace that it comes from."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=60)
    component = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, default="", blank=True)
    clause_ref = models.CharField(max_length=60, default="", blank=True)
    description_en = models.TextField()
    description_zh = models.TextField()
    quantity = NumericField[Decimal]()
    quantity_unit = models.CharField(max_length=30)
    unit_price = NumericField[Decimal | None](null=True)
    unit_price_unit = models.CharField(max_length=30, default="", blank=True)
    amount = NumericField[Decimal]()
    currency = models.CharField(max_length=30)
    payer = models.CharField(max_length=40)
    payee = models.CharField(max_length=40)
    status = models.CharField(max_length=12)
    trace_ref = models.CharField(max_length=160)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["statement", "position"], name="settlement_line_position")]

    def __str__(self) -> str:
        return f"{self.statement_id} line {self.position}"


class StatementEvent(models.Model):
    """One step in the life of a statement: who, when, what, why. Append-only."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    organisation = models.CharField(max_length=40)
    person_id = models.BigIntegerField(null=True)
    event = models.CharField(max_length=20)
    line_position = models.PositiveIntegerField(null=True)
    note = models.TextField(default="", blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.event}"
