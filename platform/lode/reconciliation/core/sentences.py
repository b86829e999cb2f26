"""Masses, shares and days as words, in both languages: exact, with SI symbols and printed signs."""

from __future__ import annotations

import datetime as dt

from lode.reconciliation.core.values import Text

MG_PER_KG = 1_000_000
NBSP = "\u00a0"
MINUS = "\u2212"


def mass_text(mass_mg: int) -> str:
    """Say a mass in kilograms with every digit that it has, e.g. `1,250.125 kg`, `−0.000001 kg`, `0 kg`."""
    kilograms, rest_mg = divmod(abs(mass_mg), MG_PER_KG)
    fraction = f".{rest_mg:06d}".rstrip("0") if rest_mg else ""
    return f"{MINUS if mass_mg < 0 else ''}{kilograms:,}{fraction}{NBSP}kg"


def signed_mass_text(mass_mg: int) -> str:
    """Say a mass with its sign printed; zero carries none."""
    return f"+{mass_text(mass_mg)}" if mass_mg > 0 else mass_text(mass_mg)


def percent_text(part: int, whole: int) -> str:
    """Say a share in percent, rounded half up to two decimals: `0.12 %`; below that, `under 0.01 %` is `0.00 %`."""
    hundredths, rest = divmod(abs(part) * 10_000, abs(whole))
    if rest * 2 >= abs(whole):
        hundredths += 1
    return f"{hundredths // 100}.{hundredths % 100:02d}{NBSP}%"


def limit_text(ppm: int) -> str:
    """Say parts per million as a percentage without needless zeros: 2000 is `0.2 %`."""
    whole, rest = divmod(ppm, 10_000)
    fraction = f".{rest:04d}".rstrip("0") if rest else ""
    return f"{whole}{fraction}{NBSP}%"


def days_text(first: dt.date, second: dt.date) -> Text:
    """Say how far two days lie apart."""
    days = abs((first - second).days)
    if days == 0:
        return Text("same day", "日期相同")
    return Text(f"{days} day{'s' if days > 1 else ''} apart", f"日期相差 {days} 天")


def joined(*texts: Text | None) -> Text:
    """Join the parts of a sentence; empty parts fall away."""
    parts = [text for text in texts if text is not None]
    return Text(", ".join(part.en for part in parts), "，".join(part.zh for part in parts))
