"""Rows of the contracts. What was agreed, signed, done or learned is only added to: the database sees to it."""

from __future__ import annotations

from django.db import models

from contracts.core.lifecycle import State


class Contract(models.Model):
    """Two parties and where they stand. `party_a` takes the first role of the kind (lessor, supplier, seller)."""

    ref = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=40)
    party_a = models.CharField(max_length=40)
    party_b = models.CharField(max_length=40)
    author = models.CharField(max_length=40)
    prevailing_language = models.CharField(max_length=5)
    state = models.CharField(max_length=12, choices=[(state.value, state.value) for state in State])
    # Where the negotiation of an amendment stands while the contract is in force: empty where none is open.
    amendment = models.CharField(max_length=12, default="", blank=True)
    waits_for_a = models.BooleanField(default=False)
    waits_for_b = models.BooleanField(default=False)
    # The latest moment that a settlement was told to know: later facts and signatures are recorded after it.
    known_through = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-changed_at", "-id"]
        indexes = [
            models.Index(fields=["party_a", "-changed_at", "-id"]),
            models.Index(fields=["party_b", "-changed_at", "-id"]),
            models.Index(fields=["-changed_at", "-id"]),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(party_a=models.F("party_b")), name="contract_two_parties"),
        ]

    def __str__(self) -> str:
        return self.ref


class Draft(models.Model):
    """The terms that are being worked on; `holder` has the pen, and nobody else sees it before it is handed over."""

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="draft")
    holder = models.CharField(max_length=40)
    terms = models.JSONField()
    # None until somebody chooses another day than the first that the terms name.
    effective_from = models.DateField(null=True)
    revision = models.PositiveIntegerField()
    saved_by = models.BigIntegerField(null=True)
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.contract} draft, revision {self.revision}"


class ContractVersion(models.Model):
    """What was put forward, word for word: immutable. `terms` and `text` are RFC 8785 JSON, kept as hashed."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    terms = models.TextField()
    text = models.TextField()
    terms_sha256 = models.CharField(max_length=64)
    text_sha256 = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    effective_from = models.DateField()
    supersedes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    proposed_by = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["contract", "number"], name="contract_version_number")]

    def __str__(self) -> str:
        return f"{self.contract} version {self.number}"


class Signature(models.Model):
    """A party's signature line (C2SP signed note) over the version's signing text: append-only."""

    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="signatures")
    party = models.CharField(max_length=40)
    key_name = models.CharField(max_length=120)
    line = models.TextField()
    person_id = models.BigIntegerField(null=True)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["version", "party"], name="signature_once_a_party")]

    def __str__(self) -> str:
        return f"{self.version} signed by {self.party}"


class LedgerReference(models.Model):
    """The ledger entry that carries the digest of a version that both have signed: append-only."""

    version = models.OneToOneField(ContractVersion, on_delete=models.PROTECT, related_name="ledger_reference")
    entry_id = models.CharField(max_length=64)
    posted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.version} in entry {self.entry_id}"


class Turn(models.Model):
    """One step of the negotiation or of the life of a contract: who did what, when, and where it led. Append-only."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="turns")
    number = models.PositiveIntegerField()
    move = models.CharField(max_length=12)
    party = models.CharField(max_length=40)
    person_id = models.BigIntegerField(null=True)
    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, null=True, related_name="turns")
    state_after = models.CharField(max_length=12)
    amendment_after = models.CharField(max_length=12, default="", blank=True)
    reason = models.TextField(default="", blank=True)
    effective_on = models.DateField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["contract", "number"], name="turn_number")]

    def __str__(self) -> str:
        return f"{self.contract} turn {self.number}: {self.move}"


class Fact(models.Model):
    """Something that happened in the world, and when we learned it: append-only, corrected only by a later version."""

    fact_id = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, null=True, related_name="facts")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=120)
    effective = models.DateField()
    status = models.CharField(max_length=12)
    source = models.CharField(max_length=200)
    value = models.JSONField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    recorded_by = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact_id", "version"], name="fact_version")]
        indexes = [
            models.Index(fields=["contract", "kind", "effective"]),
            models.Index(fields=["subject", "kind", "effective"]),
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} version {self.version}"


class RequestKey(models.Model):
    """An idempotency key of an organisation, what was asked under it, and what came of it: append-only."""

    organisation = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    request_sha256 = models.CharField(max_length=64)
    result = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="contract_request_key")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.key}"
