"""Price series and their fixings: facts with editions. A correction is a new edition; nothing is changed or removed."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from lode.market.fields import NumericField


class PriceSeries(models.Model):
    """One published series. `unit` is what one price buys ("t", "kg"); for a foreign exchange rate, a currency."""

    class Frequency(models.TextChoices):
        DAY = "day"
        MONTH = "month"
        YEAR = "year"

    code = models.SlugField(max_length=60, primary_key=True)
    name_en = models.CharField(max_length=160)
    name_zh = models.CharField(max_length=160)
    unit = models.CharField(max_length=12)
    currency = models.CharField(max_length=3)
    frequency = models.CharField(max_length=10, choices=Frequency.choices)
    source = models.TextField()
    licence = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class PricePoint(models.Model):
    """One fixing in one edition. `effective` is the first day of the day, month or year that the price is for."""

    series = models.ForeignKey(PriceSeries, on_delete=models.PROTECT, related_name="points")
    effective = models.DateField()
    edition = models.PositiveIntegerField()
    value = NumericField[Decimal]()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=60)
    evidence = models.TextField(blank=True)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")

    class Meta:
        ordering = ["series_id", "effective", "edition"]
        constraints = [
            models.UniqueConstraint(fields=["series", "effective", "edition"], name="market_one_edition_once"),
            models.CheckConstraint(
                condition=models.Q(edition=1, supersedes=None) | models.Q(edition__gt=1, supersedes__isnull=False),
                name="market_editions_supersede",
            ),
        ]
        indexes = [models.Index(fields=["recorded_at"], name="market_point_recorded")]

    def __str__(self) -> str:
        return f"{self.series_id} {self.effective} edition {self.edition}"


class Horizon(models.Model):
    """One row: the latest moment that a settlement was told to know. What is recorded later is recorded after it."""

    known_through = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.known_through)
