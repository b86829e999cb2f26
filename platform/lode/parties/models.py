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
    """Somebody who signs in. Acts for one organisation, in one role."""

    class Role(models.TextChoices):
        COMMERCIAL = "commercial"
        PARTNER = "partner"
        FINANCE = "finance"
        AUDITOR = "auditor"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="people")
    role = models.CharField(max_length=20, choices=Role.choices)
    language = models.CharField(max_length=10, default="en")


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


class ApiToken(models.Model):
    """A token of an organisation: only its SHA-256 is kept."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.label})"
