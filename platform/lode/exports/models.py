"""Files given to finance: what, which range, which columns, how many rows, their SHA-256, who and when."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Export(models.Model):
    """One file as it was handed out. `path` is below the exports' folder; the same bytes keep the same path."""

    organisation = models.CharField(max_length=40)
    person_id = models.BigIntegerField(null=True)
    path = models.CharField(max_length=300)
    format = models.CharField(max_length=8)
    what = models.CharField(max_length=200)
    range_start = models.DateField(null=True)
    range_end = models.DateField(null=True)
    columns = ArrayField(models.CharField(max_length=60))
    rows = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    statements = ArrayField(models.CharField(max_length=120))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="exports_of_organisation")]

    def __str__(self) -> str:
        return self.path
