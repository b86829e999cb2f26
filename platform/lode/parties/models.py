"""Organisations, the people who act for them, their keys and their API tokens."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Organisation(models.Model):
    """A party: it owns, holds, signs. `identifier` is the name that the ledger knows it by, for ever."""

    class Kind(models.TextChoices):
        LESSOR = "lessor"
        CELL_MAKER = "cell-maker"
        OPERATOR = "operator"
        RECYCLER = "recycler"
        REFINER = "refiner"
        AUDITOR = "auditor"

    identifier = models.SlugField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["identifier"]

    def __str__(self) -> str:
        return self.name_en


class Person(AbstractUser):
    """Somebody who signs in. Acts for one organisation, in one role; `manages_keys` beside it."""

    class Role(models.TextChoices):
        COMMERCIAL = "commercial"
        PARTNER = "partner"
        FINANCE = "finance"
        AUDITOR = "auditor"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="people")
    role = models.CharField(max_length=20, choices=Role.choices)
    language = models.CharField(max_length=10, default="en")
    manages_keys = models.BooleanField(default=False)


class HostedKey(models.Model):
    """An entry key that Lode keeps for a party: the seed is sealed by AES-256-GCM under the key-encryption key."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="hosted_keys")
    name = models.CharField(max_length=120, unique=True)
    vkey = models.TextField(unique=True)
    sealed_seed = models.BinaryField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class KeyChange(models.Model):
    """A key that is about to be registered or revoked, and what has to be signed for it.

    `entry_text` is the public entry, which the registry signs and, where the organisation has a recovery key, the
    organisation beside it. The primary key is the challenge that a new key signs to prove that it is there.
    """

    challenge = models.CharField(max_length=64, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="key_changes")
    person_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=10, choices=[("register", "register"), ("revoke", "revoke")])
    vkey = models.TextField()
    purpose = models.CharField(max_length=10)
    entry_text = models.BinaryField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    entry_id = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-created_at"], name="parties_key_change_recent")]

    def __str__(self) -> str:
        return f"{self.action} {self.vkey}"


class KeptSignature(models.Model):
    """A party's signature under the text of an entry that is not handed in yet: others have still to sign it.

    `entry_id` is the hex SHA-256 of the text. A party that signs again, with another key, replaces its line.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="kept_signatures")
    entry_id = models.CharField(max_length=64)
    line = models.TextField()
    person_id = models.BigIntegerField(null=True)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry_id", "organisation"], name="parties_signature_kept_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} under {self.entry_id[:12]}"


class ApiToken(models.Model):
    """A token of an organisation: only its SHA-256 is kept. `manages_keys`: it may register and revoke keys."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    manages_keys = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.label})"
