"""Gather the sentences of the interface, merge them into the catalog, compile it, and say what is wrong with it."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from lode.web.ledger_words import rule_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parents[4]
LOCALE: Final = "zh_Hans"
PO_FILE: Final = Path(__file__).resolve().parents[1] / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
MO_FILE: Final = PO_FILE.with_suffix(".mo")
GLOSSARY: Final = PO_FILE.parents[2] / "GLOSSARY.md"
TEMPLATES: Final = "templates"
RULES: Final = "ledger/core/kinds.py"
SOURCES: Final = ("platform/lode", "contracts", "ledger")

FUNCTIONS: Final = (
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
    "npgettext_lazy",
)
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}|<[^>]+>|%%")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?]|[,;:!?][\u4e00-\u9fff]")

Found = tuple[str, int, str | tuple[str, ...], str | None]
"""A file, a line, a sentence (or singular and plural), and the context that tells two uses apart."""


def template_files(root: Path = ROOT) -> list[Path]:
    """Return every template of the project."""
    return sorted((root / TEMPLATES).rglob("*.html"))


def _found(path: Path, line: int, function: str, arguments: list[str]) -> Iterator[Found]:
    """Sort the sentences of one call: which of them is the context, which the plural."""
    if not arguments:
        return
    words = list(arguments)
    context = words.pop(0) if function.startswith(("pgettext", "npgettext")) and len(words) > 1 else None
    plural = function.startswith(("ngettext", "npgettext")) and len(words) > 1
    yield path.as_posix(), line, (words[0], words[1]) if plural else words[0], context


def in_template(path: Path, source: str) -> Iterator[Found]:
    """Give the sentences of a template. Django turns it into lines of Python calls, whose indentation means nothing."""
    python = "\n".join(line.strip() for line in templatize(source).splitlines())
    calls: Iterator[tuple[int, str, Any, Any]] = cast("Any", extract_python)(
        io.BytesIO(python.encode()), dict.fromkeys(FUNCTIONS), [], {}
    )
    for line, function, arguments, _comments in calls:
        words = [arguments] if isinstance(arguments, str) else [word for word in arguments or () if word]
        yield from _found(path, line, function, words)


def in_python(path: Path, source: str) -> Iterator[Found]:
    """Give the sentences of a Python file, those inside f-strings too, which line-wise extractors do not see."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if name in FUNCTIONS:
            words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from _found(path, node.lineno, name, words)


def found_in(root: Path = ROOT) -> Iterator[Found]:
    """Give every sentence marked for translation, in templates and in Python."""
    for path in template_files(root):
        yield from in_template(path.relative_to(root), path.read_text(encoding="utf-8"))
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            if "migrations" in path.parts or "gettext" not in (source := path.read_text(encoding="utf-8")):
                continue
            yield from in_python(path.relative_to(root), source)
    # The ledger speaks English; the rules of its kinds are shown to people in both languages.
    if (root / RULES).exists():
        yield from ((RULES, 0, text, None) for text in rule_texts())


def gathered(root: Path = ROOT) -> Catalog:
    """Return a template catalog of every sentence, with the files where it stands."""
    catalog = Catalog(charset="utf-8")
    for path, _line, sentence, context in found_in(root):
        catalog.add(sentence, locations=[(path, 0)], context=context)
    return catalog


def read(path: Path = PO_FILE) -> Catalog:
    """Return the catalog of a `.po` file; an empty one where there is no file yet."""
    if not path.exists():
        return Catalog(
            locale=LOCALE,
            header_comment="# Simplified Chinese of the interface of Lode. Words are those of GLOSSARY.md.",
            project="Lode",
            version="0.1.0",
            copyright_holder="The Lode authors",
            msgid_bugs_address="the project's issues",
            last_translator="The Lode authors",
            language_team="The Lode authors",
            charset="utf-8",
            fuzzy=False,
        )
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def update(root: Path = ROOT, path: Path = PO_FILE) -> Catalog:
    """Merge the sentences of the sources into the `.po` file: new ones come empty, gone ones go."""
    catalog = read(path)
    template = gathered(root)
    # The dates in the header would make every run another file.
    template.creation_date = catalog.creation_date
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_po_bytes(catalog))
    return catalog


def _po_bytes(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0, omit_header=False, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def compiled(path: Path = PO_FILE) -> bytes:
    """Return the `.mo` file that belongs to a `.po` file."""
    buffer = io.BytesIO()
    write_mo(buffer, read(path))
    return buffer.getvalue()


def compile_catalog(path: Path = PO_FILE) -> Path:
    """Write the `.mo` file beside the `.po` file and return its path."""
    target = path.with_suffix(".mo")
    target.write_bytes(compiled(path))
    return target


def problems(root: Path = ROOT, path: Path = PO_FILE) -> list[str]:
    """Return what is wrong, a sentence each: missing, gone, untranslated, fuzzy, placeholders, a stale `.mo`."""
    catalog = read(path)
    wanted = {(message.id, message.context): message for message in gathered(root) if message.id}
    known = {(message.id, message.context): message for message in catalog if message.id}
    said = [f"{_where(m)}: {m.id!r} is not in {path.name}: run update." for k, m in wanted.items() if k not in known]
    said += [f"{path.name}: {m.id!r} is used nowhere: run update." for k, m in known.items() if k not in wanted]
    for message in known.values():
        said += [f"{path.name}: {message.id!r}: {fault}" for fault in faults(message)]
    target = path.with_suffix(".mo")
    if not target.exists() or target.read_bytes() != compiled(path):
        said.append(f"{target.name} is not what {path.name} compiles to: run compile.")
    return said


def _where(message: Message) -> str:
    return ", ".join(sorted({place for place, _line in message.locations}))


def glossary(path: Path = GLOSSARY) -> dict[str, str]:
    """Return the fixed words: English in lower case, and its Chinese."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {english: chinese for english, chinese in rows if not set(english) <= set("- ") and english != "English"}


def faults(message: Message) -> list[str]:
    """Return what is wrong with one translation."""
    originals = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    texts = [text for text in strings if text]
    if not texts or len(texts) != len(strings):
        return ["not translated"]
    said = ["marked fuzzy"] if message.fuzzy else []
    for text in texts:
        if text in originals and re.search("[A-Za-z]{2}", text):
            said.append("the translation is the English text")
        fixed = glossary().get(str(originals[0]).casefold())
        if fixed and text != fixed:
            said.append(f"the glossary says {fixed!r}, not {text!r}")
        if sorted(_PLACEHOLDER.findall(text)) != sorted(_PLACEHOLDER.findall(originals[-1])):
            said.append(f"placeholders differ in {text!r}")
        if _HAN.search(text) and _HALF_WIDTH.search(text):
            said.append(f"half-width punctuation beside a han character in {text!r}")
    return said


def untranslated(catalog: Catalog) -> Iterable[Message]:
    """Give the messages that still need words."""
    return (message for message in catalog if message.id and not message.string)
