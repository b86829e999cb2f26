"""Idempotency keys: what was asked under a key, and what was answered."""

from __future__ import annotations

from django.db import models


class IdempotentRequest(models.Model):
    """A write under a key of its organisation. `response` is set once it has succeeded; then it is only replayed."""

    organisation = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    request_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    location = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="api_idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.organisation} {self.key}"
