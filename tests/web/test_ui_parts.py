from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lode.web.redline import redline, tokens
from lode.web.ui import Action, Cell, Clause, Column, Row, Table, Tie, TieTerm
from tests.web import ui_samples
from tests.web.ui_samples import DIGEST, TermsForm


def rendered(source: str, **context: object) -> str:
    return Template("{% load ui i18n %}" + source).render(Context(context))


def part(name: str, **context: object) -> str:
    return render_to_string(f"ui/{name}.html", context)


class TestTheStyleGuide:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_shows_every_part(self, language: str) -> None:
        request = RequestFactory().get("/")
        request.user = SimpleNamespace(is_authenticated=False)
        with translation.override(language):
            html = render_to_string("ui/styleguide.html", ui_samples.context(language), request)
        for css in ("tie", "table-wrap", "field", "notice bad", "clause", "hash", "bar", "segments", "verify-strip",
                    "timeline", "empty", "chart", "status tone-ok", "tabs"):  # fmt: skip
            assert f'class="{css}' in html, css
        assert "style=" not in html
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), "an id stands once on a page"


class TestRedline:
    def changes(self, before: str, after: str) -> list[tuple[str, str]]:
        return [(span.kind, span.text) for span in redline(before, after) if span.kind != "same"]

    def test_a_number_changes_whole_with_its_per_cent_sign(self) -> None:
        assert self.changes("no less than 92.0% of", "no less than 94.5% of") == [
            ("deleted", "92.0%"),
            ("inserted", "94.5%"),
        ]
        assert self.changes("1,200.000 t", "1,250.000 t") == [("deleted", "1,200.000"), ("inserted", "1,250.000")]

    def test_chinese_changes_by_the_character(self) -> None:
        assert self.changes("归还不少于92.0%的所含锂", "归还不少于94.5%的所含镍") == [
            ("deleted", "92.0%"),
            ("inserted", "94.5%"),
            ("deleted", "锂"),
            ("inserted", "镍"),
        ]

    def test_a_word_is_not_split(self) -> None:
        assert self.changes("the Lessor shall", "the Lessee shall") == [("deleted", "Lessor"), ("inserted", "Lessee")]

    def test_tokens_know_words_numbers_and_han(self) -> None:
        assert tokens("T-12: 94.5 % of 锂锂, re-supply") == [
            "T", "-12", ":", " ", "94.5 %", " ", "of", " ", "锂", "锂", ",", " ", "re-supply",
        ]  # fmt: skip

    @given(st.text(alphabet="ab 1.%锂镍,\n", max_size=40), st.text(alphabet="ab 1.%锂镍,\n", max_size=40))
    def test_spells_both_texts(self, before: str, after: str) -> None:
        spans = redline(before, after)
        assert "".join(span.text for span in spans if span.kind != "inserted") == before
        assert "".join(span.text for span in spans if span.kind != "deleted") == after

    def test_marks_with_elements_and_escapes(self) -> None:
        assert rendered("{% redline a b %}", a="x < 1", b="x < 2") == "x &lt; <del>1</del><ins>2</ins>"
        assert rendered("{% redline a b %}", a=None, b="<b>") == "&lt;b&gt;"


class TestClauses:
    def clause(self, before_en: str | None, before_zh: str | None) -> Clause:
        return Clause("4.2", "Recovery", "回收", "94.5%", "94.5%", before_en, before_zh)

    def test_each_column_carries_its_own_language(self) -> None:
        html = part("clauses", clauses=[self.clause(None, None)])
        assert '<div class="text" lang="en">94.5%</div>' in html
        assert '<div class="text" lang="zh-Hans">94.5%</div>' in html
        assert "Δ" not in html

    def test_a_change_in_one_language_only_is_out_of_step(self) -> None:
        assert "out-of-step" in part("clauses", clauses=[self.clause("92.0%", None)])
        assert "out-of-step" in part("clauses", clauses=[self.clause("92.0%", "94.5%")])
        both = part("clauses", clauses=[self.clause("92.0%", "92.0%")])
        assert "out-of-step" not in both
        assert "Δ" in both


class TestHash:
    def test_shows_eight_characters_and_holds_all(self) -> None:
        html = rendered("{% hash d %}", d=DIGEST)
        assert f'tabindex="0">{DIGEST[:8]}<span class="rest">{DIGEST[8:]}</span>' in html
        assert f'data-copy="{DIGEST}"' in html

    def test_a_linked_one_is_a_link(self) -> None:
        assert '<a class="digest" href="/ledger/1/">' in rendered('{% hash d href="/ledger/1/" %}', d=DIGEST)

    def test_a_short_one_has_nothing_to_open(self) -> None:
        assert rendered("{% hash d %}", d="abcd1234") == '<span class="hash">abcd1234</span>'

    def test_is_escaped(self) -> None:
        assert "<script" not in rendered("{% hash d %}", d='"><script>alert(1)</script>')


class TestStatus:
    def test_is_an_icon_and_a_word(self) -> None:
        html = rendered('{% status "matched-with-difference" %}')
        assert "<svg" in html
        assert "<span>Matched with difference</span>" in html
        assert "tone-warn" in html

    def test_speaks_chinese(self) -> None:
        with translation.override("zh-hans"):
            assert "带差匹配" in rendered('{% status "matched_with_difference" %}')

    def test_an_unknown_state_is_a_fault_not_a_blank(self) -> None:
        with pytest.raises(KeyError):
            rendered('{% status "perhaps" %}')


class TestTable:
    COLUMNS = (Column("Reference"), Column("Mass, kg Li", numeric=True), Column("State"))

    def test_has_a_caption_scopes_and_labels_for_cards(self) -> None:
        table = Table("Deliveries", self.COLUMNS, [Row((Cell("DN-1", "/ledger/1/"), Cell("48"), Cell("Open")), "dn-1")])
        html = part("table", table=table)
        assert "<caption>Deliveries</caption>" in html
        assert html.count('scope="col"') == 3
        assert '<tr id="dn-1"><th scope="row" class=""><a href="/ledger/1/">DN-1</a></th>' in html
        assert '<td data-label="Mass, kg Li" class=" n">48</td>' in html

    def test_says_why_it_is_empty(self) -> None:
        html = part("table", table=Table("Deliveries", self.COLUMNS, [], empty="Nothing was delivered."))
        assert '<td colspan="3" class="muted">Nothing was delivered.</td>' in html

    def test_a_span_counts_its_columns(self) -> None:
        table = Table("T", self.COLUMNS, [], foot=[Row((Cell("Total", span=2), Cell("48")))])
        assert [column.label for column, _cell in table.feet()[0][1]] == ["Reference", "State"]

    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_refuses_a_row_that_does_not_fill_its_columns(self, count: int) -> None:
        table = Table("T", self.COLUMNS, [Row(tuple(Cell("x") for _ in range(count)))])
        with pytest.raises(ValueError, match="columns"):
            table.body()

    def test_escapes_its_cells(self) -> None:
        table = Table("T", (Column("A"),), [Row((Cell("<b>bold</b>"),))])
        assert "&lt;b&gt;bold" in part("table", table=table)


class TestTieLine:
    def test_shows_each_term_with_its_operator(self) -> None:
        tie = Tie(
            (TieTerm("Ours", "133.770 t"), TieTerm("Theirs", "86.500 t", "−")), TieTerm("Difference", "+47"), ties=False
        )
        html = part("tie", tie=tie)
        assert 'data-operator="−"' in html
        assert 'class="term open" data-operator="="' in html

    def test_is_not_told_by_colour_alone(self) -> None:
        tied, untied = (part("tie", tie=Tie((), TieTerm("Difference", "0"), ties=ties)) for ties in (True, False))
        assert re.findall(r"<svg.*?</svg>", tied) != re.findall(r"<svg.*?</svg>", untied)


class TestForms:
    def form(self) -> TermsForm:
        form = TermsForm({"lessee": "Hefei", "mass": "1250", "recovery": "130", "basis": "a"})
        form.is_valid()
        return form

    def field(self, name: str) -> str:
        return part("field", field=self.form()[name])

    def test_an_error_stands_at_its_field_and_is_named_by_it(self) -> None:
        html = self.field("recovery")
        assert 'aria-invalid="true"' in html
        assert 'aria-describedby="id_recovery_error"' in html
        assert 'id="id_recovery_error"' in html
        assert "Ensure this value is less than or equal to 100." in html

    def test_the_hint_is_named_too(self) -> None:
        html = self.field("mass")
        assert 'aria-describedby="id_mass_helptext"' in html
        assert '<p class="hint" id="id_mass_helptext">' in html

    def test_what_may_be_left_out_says_so(self) -> None:
        assert "(optional)" in self.field("note")
        assert "(optional)" not in self.field("lessee")

    def test_every_control_has_its_label(self) -> None:
        for name in ("lessee", "mass", "note", "basis", "agreed"):
            assert f'for="id_{name}"' in self.field(name), name
            assert f'id="id_{name}"' in self.field(name), name
        radios = self.field("language")
        assert "<legend>Prevailing language</legend>" in radios
        assert radios.count("<label for=") == 2

    def test_hidden_fields_stay_hidden(self) -> None:
        class Hidden(forms.Form):
            key = forms.CharField(widget=forms.HiddenInput, initial="k")

        assert part("field", field=Hidden()["key"]) == '<input type="hidden" name="key" value="k" id="id_key">\n'

    def test_the_summary_takes_the_focus_and_links_to_the_fields(self) -> None:
        html = part("error_summary", form=self.form())
        assert 'role="alert" tabindex="-1" data-error-summary' in html
        assert '<a href="#id_recovery">Minimum recovery, %</a>: Ensure' in html
        assert '<a href="#id_language' in html
        assert part("error_summary", form=TermsForm()).strip() == ""


class TestActions:
    def test_what_is_disabled_says_why_beside_it(self) -> None:
        html = part(
            "actions", actions=[Action("Sign", why_not="3 rows are open."), Action("Open", "/x/", primary=True)]
        )
        assert 'disabled aria-describedby="why-not-1"' in html
        assert '<p class="why-not" id="why-not-1">3 rows are open.</p>' in html
        assert '<a class="button primary" href="/x/">Open</a>' in html


class TestBars:
    def test_as_of_keeps_the_other_parameters(self) -> None:
        html = part("as_of", as_of=dt.date(2026, 9, 30), tree_size=0, keep={"element": "Ni"})
        assert '<input type="hidden" name="element" value="Ni">' in html
        assert 'value="2026-09-30"' in html
        assert 'name="known_at"' in html
        assert 'name="known_at"' not in part("as_of", as_of=dt.date(2026, 9, 30))

    def test_query_changes_and_takes_away(self) -> None:
        request = RequestFactory().get("/ledger/?state=open&page=1")
        assert rendered("{% query page=2 %}", request=request) == "?state=open&amp;page=2"
        assert rendered("{% query page=None state=None %}", request=request) == "/ledger/"
