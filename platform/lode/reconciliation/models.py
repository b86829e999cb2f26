"""Periods, partners' statements and their lines, what was decided about rows, and who signed.

What is evidence (a statement's bytes, its lines, questions, signatures) is written once: triggers refuse any change.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from lode.reconciliation.core.values import Reason, Side


class ReconciledPeriod(models.Model):
    """The material of `our_party` in the custody of `partner`, over some days; closed once both have signed."""

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    our_party = models.CharField(max_length=40)
    partner = models.CharField(max_length=40)
    start_date = models.DateField()
    end_date = models.DateField()  # the first day after the period
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    tolerance_days = models.PositiveSmallIntegerField(default=1)
    tolerance_ppm = models.PositiveIntegerField(default=2_000)
    splitting_limit_ppm = models.PositiveIntegerField(default=5_000)
    # Set together when the period closes: the agreed document, its digest, the entry that carries it, what was known.
    closed_at = models.DateTimeField(null=True)
    document = models.BinaryField(null=True)
    digest = models.CharField(max_length=64, default="", blank=True)
    entry_id = models.CharField(max_length=64, default="", blank=True)
    known_at = models.BigIntegerField(null=True)
    closing_mg = models.JSONField(default=dict)

    class Meta:
        ordering = ["our_party", "partner", "start_date"]
        constraints = [
            models.UniqueConstraint(fields=["our_party", "partner", "start_date"], name="reconciliation_one_period"),
            models.CheckConstraint(
                condition=Q(start_date__lt=models.F("end_date")), name="reconciliation_period_has_days"
            ),
            models.CheckConstraint(
                condition=Q(state="open", digest="", closed_at=None) | Q(state="closed", closed_at__isnull=False),
                name="reconciliation_closed_whole",
            ),
        ]
        indexes = [models.Index(fields=["partner", "start_date"])]

    def __str__(self) -> str:
        return f"{self.our_party} / {self.partner} {self.start_date}..{self.end_date}"


class PartnerStatement(models.Model):
    """A file that the partner submitted, as received. One at a time is live; a newer one supersedes it."""

    class State(models.TextChoices):
        SUBMITTED = "submitted"
        WITHDRAWN = "withdrawn"
        SUPERSEDED = "superseded"

    period = models.ForeignKey(ReconciledPeriod, on_delete=models.PROTECT, related_name="statements")
    revision = models.PositiveIntegerField()
    file_name = models.CharField(max_length=120)
    file_bytes = models.BinaryField()
    file_sha256 = models.CharField(max_length=64)
    columns = models.JSONField()
    rejected = models.JSONField()
    ignored = models.JSONField()
    submitted_by = models.CharField(max_length=40)
    submitted_person = models.BigIntegerField(null=True)
    submitted_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.SUBMITTED)
    ended_at = models.DateTimeField(null=True)
    superseded_by = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="supersedes")

    class Meta:
        ordering = ["period", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["period", "revision"], name="reconciliation_statement_revision"),
            models.UniqueConstraint(
                fields=["period"], condition=Q(state="submitted"), name="reconciliation_one_live_statement"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} (revision {self.revision})"


class PartnerLine(models.Model):
    """One movement of a statement. `key` names its content: the same row of a newer file carries the same key."""

    statement = models.ForeignKey(PartnerStatement, on_delete=models.PROTECT, related_name="lines")
    row_number = models.PositiveIntegerField()
    key = models.CharField(max_length=32)
    reference = models.CharField(max_length=200)
    date = models.DateField()
    kind = models.CharField(max_length=20)
    element = models.CharField(max_length=16)
    mass_mg = models.BigIntegerField()
    lot = models.CharField(max_length=200, default="", blank=True)
    mass_printed = models.CharField(max_length=60)
    notes = models.JSONField(default=list)

    class Meta:
        ordering = ["statement", "row_number"]
        constraints = [models.UniqueConstraint(fields=["statement", "key"], name="reconciliation_line_key")]

    def __str__(self) -> str:
        return f"{self.reference} {self.date} {self.element} {self.mass_mg} mg"


class Match(models.Model):
    """What was decided about a row of the page. A decision is undone or replaced by a newer one, never changed."""

    class State(models.TextChoices):
        MATCHED = "matched"
        WITH_DIFFERENCE = "matched-with-difference"
        ASKED = "asked"
        DISPUTED = "disputed"

    period = models.ForeignKey(ReconciledPeriod, on_delete=models.PROTECT, related_name="matches")
    ours_key = models.CharField(max_length=40, default="", blank=True)
    theirs_key = models.CharField(max_length=32, default="", blank=True)
    state = models.CharField(max_length=24, choices=State.choices)
    reason = models.CharField(
        max_length=24, choices=[(reason.value, reason.value) for reason in Reason], default="", blank=True
    )
    note = models.CharField(max_length=500, default="", blank=True)
    ours_mg = models.BigIntegerField(null=True)
    theirs_mg = models.BigIntegerField(null=True)
    agreed_mg = models.BigIntegerField(null=True)  # what the ledger is to be brought to, where assays were split
    decided_by = models.CharField(max_length=40)
    decided_person = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    undone_by = models.CharField(max_length=40, default="", blank=True)
    undone_person = models.BigIntegerField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["period", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(ours_key="", theirs_key=""), name="reconciliation_match_of_something"),
            models.UniqueConstraint(
                fields=["period", "ours_key"],
                condition=Q(undone_at=None) & ~Q(ours_key=""),
                name="reconciliation_ours_once",
            ),
            models.UniqueConstraint(
                fields=["period", "theirs_key"],
                condition=Q(undone_at=None) & ~Q(theirs_key=""),
                name="reconciliation_theirs_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ours_key or '–'} ~ {self.theirs_key or '–'}: {self.state}"


class Split(models.Model):
    """A row parted into several. Undone once, never changed."""

    period = models.ForeignKey(ReconciledPeriod, on_delete=models.PROTECT, related_name="splits")
    side = models.CharField(max_length=6, choices=[(side.value, side.value) for side in Side])
    line_key = models.CharField(max_length=40)
    parts_mg = ArrayField(models.BigIntegerField())
    decided_by = models.CharField(max_length=40)
    decided_person = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    undone_by = models.CharField(max_length=40, default="", blank=True)
    undone_person = models.BigIntegerField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["period", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["period", "side", "line_key"],
                condition=Q(undone_at=None),
                name="reconciliation_split_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.line_key} in {len(self.parts_mg)}"


class Question(models.Model):
    """One message of the thread beside a row."""

    period = models.ForeignKey(ReconciledPeriod, on_delete=models.PROTECT, related_name="questions")
    ours_key = models.CharField(max_length=40, default="", blank=True)
    theirs_key = models.CharField(max_length=32, default="", blank=True)
    text = models.CharField(max_length=2000)
    asked_by = models.CharField(max_length=40)
    asked_person = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["period", "id"]

    def __str__(self) -> str:
        return self.text[:60]


class Adjustment(models.Model):
    """A correction of the ledger that one side proposes and the other agrees to; then it is posted, signed by both."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        POSTED = "posted"
        WITHDRAWN = "withdrawn"

    period = models.ForeignKey(ReconciledPeriod, on_delete=models.PROTECT, related_name="adjustments")
    ours_key = models.CharField(max_length=40, default="", blank=True)
    theirs_key = models.CharField(max_length=32, default="", blank=True)
    element = models.CharField(max_length=16)
    mass_mg = models.BigIntegerField()  # what is added to the partner's custody
    contra = models.CharField(max_length=20)
    reason = models.CharField(max_length=400)
    entry_text = models.BinaryField()  # the text that both sign
    entry_id = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.CharField(max_length=40)
    proposed_person = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField()
    agreed_by = models.CharField(max_length=40, default="", blank=True)
    agreed_person = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["period", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["period", "ours_key", "theirs_key"],
                condition=Q(state="proposed"),
                name="reconciliation_one_proposal",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mass_mg:+d} mg {self.element} ({self.state})"


class PeriodSignature(models.Model):
    """One side's signature under the agreed balance with that digest. It counts while the digest is the current one."""

    period = models.ForeignKey(ReconciledPeriod, on_delete=models.PROTECT, related_name="signatures")
    party = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    person = models.BigIntegerField(null=True)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["period", "id"]
        constraints = [models.UniqueConstraint(fields=["period", "party", "digest"], name="reconciliation_signed_once")]

    def __str__(self) -> str:
        return f"{self.party} signed {self.digest[:8]}"
