from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lode.web import formats
from lode.web.formats import NumberTextCode, NumberTextError, parse_number

NBSP = "\u00a0"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def rendered(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


class TestMass:
    def test_tonnes_show_their_kilograms_and_name_their_basis(self) -> None:
        assert formats.mass(1_250_125_000_000, "t", "Ni") == f"1,250.125{NBSP}t{NBSP}Ni"

    def test_a_unit_never_parts_from_its_number(self) -> None:
        assert " " not in formats.mass(1_250_125_000_000, "kg", "Li contained")

    @pytest.mark.parametrize(
        ("mass_mg", "unit", "figure"),
        [
            (1, "mg", "1"),
            (1_234, "g", "1.234"),
            (48_200_000_000, "kg", "48,200.000"),
            (-60_000_000, "kg", "−60.000"),
            (0, "t", "0.000"),
            (1_000_000_000, "t", "1.000"),
            (1_500_500_000, "t", "1.500"),
            (1_501_500_000, "t", "1.502"),
        ],
    )
    def test_in_each_unit_rounded_half_to_even(self, mass_mg: int, unit: str, figure: str) -> None:
        assert formats.mass_number(mass_mg, unit) == figure

    def test_signed_figures_print_plus_and_leave_zero_alone(self) -> None:
        shown = [formats.mass_number(mg * 10**6, "kg", 0, signed=True) for mg in (60, -60, 0)]
        assert shown == ["+60", "−60", "0"]

    def test_a_difference_never_reads_as_nothing(self) -> None:
        assert formats.mass_number(200, "t") == "<0.001"
        assert formats.mass_number(-200, "t", signed=True) == "−<0.001"
        assert formats.mass_number(200, "kg", 0, signed=True) == "+<1"

    @given(st.integers(-(10**18), 10**18))
    def test_milligrams_are_exact(self, mass_mg: int) -> None:
        assert int(parse_number(formats.mass_number(mass_mg, "mg"))) == mass_mg

    def test_a_copy_takes_the_exact_milligrams(self) -> None:
        html = rendered('{% mass m basis="Ni" %}', m=1_250_125_000_001)
        assert html == f'<data value="1250125000001" class="num">1,250.125{NBSP}t{NBSP}Ni</data>'

    def test_in_is_blue_and_out_is_ochre_in_signed_columns(self) -> None:
        assert 'class="num positive">+1' in rendered('{% mass m unit="mg" signed=True bare=True %}', m=1)
        assert 'class="num negative">−1' in rendered('{% mass m unit="mg" signed=True bare=True %}', m=-1)
        assert 'class="num">−1' in rendered('{% mass m unit="mg" signed=True bare=True tint=False %}', m=-1)

    def test_what_is_not_known_is_left_blank(self) -> None:
        assert rendered("{% mass m %}|{% money m 'USD' %}|{{ m|iso }}|{{ m|utc }}|{{ m|percent }}", m=None) == "||||"


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "currency", "shown"),
        [
            ("1234567.5", "USD", f"1,234,567.50{NBSP}USD"),
            ("-0.005", "USD", f"−<0.01{NBSP}USD"),
            ("1234.5", "JPY", f"1,234{NBSP}JPY"),
            ("0", "CNY", f"0.00{NBSP}CNY"),
        ],
    )
    def test_carries_its_code_and_its_minor_units(self, amount: str, currency: str, shown: str) -> None:
        assert formats.money(Decimal(amount), currency) == shown

    def test_bare_leaves_the_code_to_the_heading(self) -> None:
        assert (
            rendered('{% money a "USD" bare=True %}', a=Decimal("10.1"))
            == '<data value="10.1" class="num">10.10</data>'
        )

    def test_is_the_same_in_both_languages(self) -> None:
        for language in ("en", "zh-hans"):
            with translation.override(language):
                assert formats.money(Decimal(1000), "CNY") == f"1,000.00{NBSP}CNY"


class TestDays:
    DAY = dt.date(2026, 9, 5)

    def test_tables_write_iso_in_both_languages(self) -> None:
        for language in ("en", "zh-hans"):
            with translation.override(language):
                assert rendered("{{ d|iso }}", d=self.DAY) == '<time datetime="2026-09-05">2026-09-05</time>'

    def test_sentences_write_words(self) -> None:
        assert formats.prose_date(self.DAY, "en") == "5 September 2026"
        assert formats.prose_date(self.DAY, "zh-hans") == "2026年9月5日"
        assert formats.prose_month(self.DAY, "en") == "September 2026"
        assert formats.prose_month(self.DAY, "zh-hans") == "2026年9月"

    def test_a_period_names_both_its_days(self) -> None:
        assert formats.period(dt.date(2026, 9, 1), dt.date(2026, 9, 30)) == "2026-09-01 – 2026-09-30"

    def test_a_time_is_utc_and_says_so(self) -> None:
        moment = dt.datetime(2026, 9, 5, 22, 3, tzinfo=SHANGHAI)
        assert formats.utc_time(moment) == "2026-09-05 14:03:00 UTC"
        assert formats.utc_stamp(moment) == "2026-09-05T14:03:00Z"

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no zone"):
            formats.utc_time(dt.datetime(2026, 9, 5, 14, 3))

    def test_a_moment_is_not_passed_off_as_a_day(self) -> None:
        with pytest.raises(TypeError, match="a moment"):
            formats.iso_date(dt.datetime(2026, 9, 5, 23, 59, tzinfo=dt.UTC))


class TestPercent:
    def test_is_of_a_ratio(self) -> None:
        assert formats.percent(Decimal("0.945")) == "94.5%"
        assert formats.percent(Decimal("0.00123"), 2, signed=True) == "+0.12%"


class TestTypedNumbers:
    @pytest.mark.parametrize(
        ("typed", "value"),
        [
            ("1250.125", "1250.125"),
            ("1,250.125", "1250.125"),
            ("１２５０．１２５", "1250.125"),
            ("１，２５０．１２５", "1250.125"),
            ("1，250。125", "1250.125"),
            (" 1 250.5 ", "1250.5"),
            ("−3.5", "-3.5"),
            ("-1,234,567", "-1234567"),
            ("+7", "7"),
            ("0.10", "0.10"),
        ],
    )
    def test_in_whatever_width_they_come(self, typed: str, value: str) -> None:
        assert str(parse_number(typed)) == value

    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ("", NumberTextCode.EMPTY),
            ("　", NumberTextCode.EMPTY),
            ("12,5", NumberTextCode.GROUPING),
            ("1,2345", NumberTextCode.GROUPING),
            ("1,25.5", NumberTextCode.GROUPING),
            ("1.250,125", NumberTextCode.NOT_A_NUMBER),
            ("1e5", NumberTextCode.NOT_A_NUMBER),
            ("NaN", NumberTextCode.NOT_A_NUMBER),
            ("12 t", NumberTextCode.NOT_A_NUMBER),
            ("一百", NumberTextCode.NOT_A_NUMBER),
        ],
    )
    def test_are_refused_rather_than_guessed(self, typed: str, code: NumberTextCode) -> None:
        with pytest.raises(NumberTextError) as refused:
            parse_number(typed)
        assert refused.value.code is code

    def test_are_refused_in_the_readers_language(self) -> None:
        with translation.override("zh-hans"), pytest.raises(NumberTextError, match="两种读法"):
            parse_number("12,5")

    @given(st.decimals(-(10**15), 10**15, places=6))
    def test_what_we_print_we_read(self, value: Decimal) -> None:
        printed = formats.number(value)
        assert parse_number(printed) == value
        full_width = printed.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.,"})
        assert parse_number(full_width) == value
