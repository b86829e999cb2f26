from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Message
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from lode.web.i18n import catalog
from lode.web.i18n.__main__ import main
from lode.web.i18n.bare_text import bare_text
from lode.web.statuses import STATUSES

TEMPLATES = catalog.template_files()


class TestTheCatalog:
    def test_is_complete_current_and_compiled(self) -> None:
        assert catalog.problems() == [], "run `python -m lode.web.i18n update`, translate, then `compile`"

    def test_speaks(self) -> None:
        with translation.override("zh-hans"):
            assert gettext("Contracts") == "合同"
            assert str(STATUSES["open"].label) == "未结"
        with translation.override("en"):
            assert gettext("Contracts") == "Contracts"


class TestTheProblemsAreSeen:
    """Each fault of a catalog, made on purpose in a small project of its own."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates" / "a.html").write_text(
            '{% load i18n %}{% translate "Hello" %}'
            "{% blocktranslate trimmed %}\n  Dear {{ name }}\n{% endblocktranslate %}"
        )
        for folder in catalog.SOURCES:
            (tmp_path / folder).mkdir(parents=True)
        source = "from django.utils.translation import gettext as _\nx = f\"{_('Mass')}, {unit}\"\n"
        (tmp_path / catalog.SOURCES[0] / "x.py").write_text(source)
        return tmp_path

    def po(self, project: Path, texts: dict[str, str]) -> Path:
        path = project / "django.po"
        made = catalog.update(project, path)
        for message in made:
            if message.id:
                message.string = texts.get(message.id, "")
        path.write_bytes(catalog._po_bytes(made))
        catalog.compile_catalog(path)
        return path

    GOOD = {"Hello": "你好", "Dear %(name)s": "尊敬的%(name)s", "Mass": "质量"}

    def test_a_whole_catalog_has_none(self, project: Path) -> None:
        assert catalog.problems(project, self.po(project, self.GOOD)) == []

    def test_templates_and_f_strings_are_both_read(self, project: Path) -> None:
        assert {message.id for message in catalog.gathered(project) if message.id} == set(self.GOOD)

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"Hello": ""}, "not translated"),
            ({"Hello": "Hello"}, "the translation is the English text"),
            ({"Dear %(name)s": "尊敬的客户"}, "placeholders differ"),
            ({"Dear %(name)s": "尊敬的%(nmae)s"}, "placeholders differ"),
            ({"Hello": "你好,世界"}, "half-width punctuation"),
        ],
    )
    def test_a_bad_translation(self, project: Path, change: dict[str, str], fault: str) -> None:
        said = catalog.problems(project, self.po(project, self.GOOD | change))
        assert [sentence for sentence in said if fault in sentence]

    def test_a_sentence_that_nobody_gathered(self, project: Path) -> None:
        path = self.po(project, self.GOOD)
        (project / "templates" / "b.html").write_text('{% load i18n %}{% translate "New" %}')
        assert catalog.problems(project, path) == ["templates/b.html: 'New' is not in django.po: run update."]

    def test_a_sentence_that_nobody_says_any_more(self, project: Path) -> None:
        path = self.po(project, self.GOOD)
        (project / "templates" / "a.html").write_text("")
        assert len([s for s in catalog.problems(project, path) if "is used nowhere" in s]) == 2

    def test_a_fuzzy_one(self) -> None:
        assert "marked fuzzy" in catalog.faults(Message("Hello", "你好", flags=["fuzzy"]))

    def test_a_compiled_file_that_is_behind(self, project: Path) -> None:
        path = self.po(project, self.GOOD)
        path.write_text(path.read_text(encoding="utf-8").replace("你好", "您好"), encoding="utf-8")
        assert [s for s in catalog.problems(project, path) if "is not what django.po compiles to" in s]

    def test_a_word_that_the_glossary_fixes_otherwise(self) -> None:
        assert catalog.glossary()["tree head"] == "树根签名"
        assert catalog.faults(Message("Tree head", "树头")) == ["the glossary says '树根签名', not '树头'"]
        assert catalog.faults(Message("Tree head", "树根签名")) == []

    def test_an_update_changes_nothing_twice(self, project: Path) -> None:
        path = self.po(project, self.GOOD)
        before = path.read_bytes()
        catalog.update(project, path)
        assert path.read_bytes() == before

    def test_context_tells_two_uses_apart(self) -> None:
        source = 'pgettext_lazy("state", "Open")\nngettext("%(n)s row", "%(n)s rows", 2)\n_(name)\n'
        found = [(sentence, context) for _p, _l, sentence, context in catalog.in_python(Path("x.py"), source)]
        assert found == [("Open", "state"), (("%(n)s row", "%(n)s rows"), None)]


class TestBareText:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
    def test_no_template_speaks_one_language_only(self, path: Path) -> None:
        assert bare_text(path.read_text(encoding="utf-8")) == []

    @pytest.mark.parametrize(
        "source",
        [
            "<p>Hello</p>",
            "<p>{{ count }} rows</p>",
            '<input placeholder="Search">',
            '<nav aria-label="Main"></nav>',
            "{% if x %}<b>yes</b>{% endif %}",
            "{% translate 'Hello' %} there",
            "<code>x</code> and more",
            "<p>合同</p>",
        ],
    )
    def test_words_outside_translate_are_seen(self, source: str) -> None:
        assert bare_text(source)

    @pytest.mark.parametrize(
        "source",
        [
            '<p>{% translate "Hello" %}</p>',
            "{% blocktranslate with a=b %}Dear {{ a }}{% endblocktranslate %}",
            "{% comment %}why{% endcomment %}{# why #}",
            "<p>{{ count }} · 12 % — CSV</p>",
            "<code>lode-verify DIR</code>",
            "<script>const a = 1;</script>",
            '<p translate="no">Hello <b>you</b></p>',
            '<p class="words in a class" id="not-spoken"></p>',
            "<a>Lode</a><button lang='zh-Hans'>中文</button>",
        ],
    )
    def test_what_needs_no_translator_is_left_alone(self, source: str) -> None:
        assert bare_text(source) == []

    def test_the_line_is_told(self) -> None:
        assert bare_text("{% comment %}\n\n{% endcomment %}\n<p>\nHello</p>") == [(4, "Hello")]


class TestTheCommand:
    def test_check_says_what_is_wrong_and_fails(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(catalog, "problems", lambda: ["one thing"])
        assert main(["check"]) == 1
        assert capsys.readouterr().out == "one thing\n"

    def test_check_passes_where_nothing_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(catalog, "problems", list)
        assert main(["check"]) == 0
