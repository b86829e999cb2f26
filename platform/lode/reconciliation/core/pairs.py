"""What two rows have to do with each other: one rule a function, strongest first.

Every rule looks at one row of ours and one of theirs of the same element, and gives the sentence that the page shows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from lode.reconciliation.core.sentences import (
    MINUS,
    days_text,
    joined,
    limit_text,
    mass_text,
    percent_text,
    signed_mass_text,
)
from lode.reconciliation.core.values import Line, Reason, Row, Rule, Text, Tolerances

_MILLION = 1_000_000
_DECIMAL_SLIPS = (10, 100)
_UNIT_SLIPS = ((1_000, "a thousand", "1,000 倍"), (1_000_000, "a million", "1,000,000 倍"))
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
SAME_REFERENCE = Text("same reference", "编号相同")


def normal_reference(reference: str) -> str:
    """Return a reference as it is compared: `DN-00042`, `dn 42` and `ＤＮ４２` are one."""
    text = unicodedata.normalize("NFKC", reference).casefold()
    text = "".join(character if character.isalnum() else " " for character in text)
    return _LEADING_ZEROS.sub("", text).replace(" ", "")


def one_slip(first: str, second: str) -> Text | None:
    """Say which single slip of a typist turns one text into the other: one character, or two neighbours swapped."""
    if len(first) != len(second):
        return None
    places = [place for place, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
    if len(places) == 1:
        a, b = first[places[0]], second[places[0]]
        return Text(f"one character differs ({a} for {b})", f"有一位不同（{a} 与 {b}）")
    if len(places) == 2 and places[1] == places[0] + 1:  # noqa: PLR2004 - two neighbours
        left, right = places
        if first[left] == second[right] and first[right] == second[left]:
            pair = first[left] + first[right]
            return Text(
                f"two neighbours are swapped ({pair} for {pair[::-1]})", f"相邻两位颠倒（{pair} 与 {pair[::-1]}）"
            )
    return None


def within_tolerance(ours_mg: int, theirs_mg: int, mass_ppm: int) -> bool:
    """Say whether the difference is at most that share of our mass; exactly that share is within."""
    return abs(ours_mg - theirs_mg) * _MILLION <= mass_ppm * abs(ours_mg)


def _row(ours: Line, theirs: Line, rule: Rule, why: Text, reason: Reason | None = None) -> Row:
    return Row(ours=ours, theirs=theirs, rule=rule, reason=reason, why=why)


def _same_document(ours: Line, theirs: Line) -> Text:
    return joined(SAME_REFERENCE, days_text(ours.date, theirs.date))


def _difference(ours: Line, theirs: Line) -> Text:
    difference_mg = ours.mass_mg - theirs.mass_mg
    text = signed_mass_text(difference_mg)
    if ours.mass_mg:
        text += f" = {percent_text(difference_mg, ours.mass_mg)}"
    return Text(text, text)


def exact(ours: Line, theirs: Line, _: Tolerances) -> Row | None:
    """Pair rows of the same day and mass."""
    if ours.mass_mg == theirs.mass_mg and ours.date == theirs.date:
        return _row(ours, theirs, Rule.EXACT, Text("same reference, same day, same mass", "编号、日期、质量都相同"))
    return None


def other_day(ours: Line, theirs: Line, tolerances: Tolerances) -> Row | None:
    """Pair the same mass on another day: inside the days allowed, or far, which the sentence says."""
    if ours.mass_mg != theirs.mass_mg:
        return None
    why = joined(_same_document(ours, theirs), Text("same mass", "质量相同"))
    if abs((ours.date - theirs.date).days) > tolerances.days:
        why = joined(
            why,
            Text(f"more than the {tolerances.days} allowed: look at it", f"超过允许的 {tolerances.days} 天，请核对"),
        )
    return _row(ours, theirs, Rule.DATE, why)


def tolerance(ours: Line, theirs: Line, tolerances: Tolerances) -> Row | None:
    """Pair masses whose difference scales may make."""
    if not within_tolerance(ours.mass_mg, theirs.mass_mg, tolerances.mass_ppm):
        return None
    limit = limit_text(tolerances.mass_ppm)
    why = joined(
        _same_document(ours, theirs),
        _append(_difference(ours, theirs), f" inside {limit} tolerance", f"，在 {limit} 允差之内"),
    )
    return _row(ours, theirs, Rule.TOLERANCE, why, Reason.WEIGHING_TOLERANCE)


def unit_slip(ours: Line, theirs: Line, _: Tolerances) -> Row | None:
    """Pair masses apart by exactly a thousand or a million: kg for g, t for kg."""
    small, large = sorted((abs(ours.mass_mg), abs(theirs.mass_mg)))
    if not small or (ours.mass_mg < 0) != (theirs.mass_mg < 0):
        return None
    for factor, words_en, words_zh in _UNIT_SLIPS:
        if small * factor == large:
            bigger = abs(theirs.mass_mg) == large
            why = joined(
                _same_document(ours, theirs),
                Text(
                    f"their mass is {words_en} times {'larger' if bigger else 'smaller'}: a unit was mistaken",
                    f"对方质量{'是我方的' if bigger else '比我方小'} {words_zh}，应为单位写错",
                ),
            )
            return _row(ours, theirs, Rule.UNIT, why, Reason.UNIT)
    return None


def typing_error(ours: Line, theirs: Line, _: Tolerances) -> Row | None:
    """Pair masses that one slip of a typist parts: a digit, two swapped, a point moved."""
    if not ours.mass_mg or not theirs.mass_mg or (ours.mass_mg < 0) != (theirs.mass_mg < 0):
        return None
    slip = one_slip(str(abs(ours.mass_mg)), str(abs(theirs.mass_mg)))
    if slip is None:
        small, large = sorted((abs(ours.mass_mg), abs(theirs.mass_mg)))
        if all(small * factor != large for factor in _DECIMAL_SLIPS):
            return None
        slip = Text("the decimal point has moved", "小数点错位")
    masses = Text(
        f"{mass_text(ours.mass_mg)} against {mass_text(theirs.mass_mg)}",
        f"我方 {mass_text(ours.mass_mg)}，对方 {mass_text(theirs.mass_mg)}",
    )
    why = joined(_same_document(ours, theirs), masses, _append(slip, ": a typing error", "，应为录入错误"))
    return _row(ours, theirs, Rule.TYPING, why, Reason.TYPING)


def other_sign(ours: Line, theirs: Line, _: Tolerances) -> Row | None:
    """Pair the same mass with the other sign."""
    if not ours.mass_mg or ours.mass_mg != -theirs.mass_mg:
        return None
    why = joined(
        _same_document(ours, theirs),
        Text(f"the same mass with the other sign (+ and {MINUS})", f"质量相同但正负号相反（+ 与 {MINUS}）"),
    )
    return _row(ours, theirs, Rule.SIGN, why, Reason.TYPING)


def differs(ours: Line, theirs: Line, tolerances: Tolerances) -> Row | None:
    """Show two masses side by side that no rule explains, and say so."""
    limit = limit_text(tolerances.mass_ppm)
    why = joined(
        _same_document(ours, theirs),
        _append(_difference(ours, theirs), f" outside {limit} tolerance", f"，超出 {limit} 允差"),
        Text("not a slip of digits, unit or sign: ask", "不是数字、单位或正负号的错误，请询问对方"),
    )
    return _row(ours, theirs, Rule.DIFFERS, why)


SAME_REFERENCE_RULES: tuple[Callable[[Line, Line, Tolerances], Row | None], ...] = (
    exact,
    other_day,
    tolerance,
    unit_slip,
    typing_error,
    other_sign,
    differs,
)


def same_reference(ours: Line, theirs: Line, tolerances: Tolerances) -> Row:
    """Return the strongest rule that fits two rows of one reference; `differs` fits always."""
    for rule in SAME_REFERENCE_RULES:
        if row := rule(ours, theirs, tolerances):
            return row
    raise AssertionError  # pragma: no cover - the last rule fits always


def other_reference(ours: Line, theirs: Line, tolerances: Tolerances) -> Row | None:
    """Pair one mass on near days whose reference is missing on one side, or one slip of a typist away."""
    if ours.mass_mg != theirs.mass_mg or abs((ours.date - theirs.date).days) > tolerances.days:
        return None
    mine, other = normal_reference(ours.reference), normal_reference(theirs.reference)
    if mine == other:
        return None
    if not mine or not other:
        slip: Text | None = Text("one side names no reference", "一方没有编号")
    else:
        slip = one_slip(mine, other)
    if slip is None:
        return None
    why = joined(
        Text("same mass", "质量相同"),
        days_text(ours.date, theirs.date),
        _append(
            slip,
            f": {ours.reference or '–'} and {theirs.reference or '–'}",
            f"：{ours.reference or '–'} 与 {theirs.reference or '–'}",
        ),
    )
    return _row(ours, theirs, Rule.REFERENCE, why)


def _append(text: Text, en: str, zh: str) -> Text:
    return Text(text.en + en, text.zh + zh)
