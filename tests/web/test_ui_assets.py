from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from lode.web.icons import ICON_FOLDER, icon_shapes
from lode.web.statuses import STATUSES

STATIC = Path(settings.BASE_DIR) / "platform" / "lode" / "web" / "static" / "lode"
CSS = (STATIC / "lode.css").read_text(encoding="utf-8")
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
SCRIPTS = sorted(STATIC.glob("**/*.js"))
# Names of formats, which nothing fetches.
NAMESPACES = re.compile(r"http://www\.w3\.org/[\w/.#]+")
OUTSIDE = re.compile(r"""(?:https?:)?//[\w-]+\.[\w.-]+""")


def lock() -> dict[str, list[dict[str, str]]]:
    return json.loads((STATIC / "vendor.lock.json").read_text(encoding="utf-8"))


class TestVendoredFiles:
    def test_are_exactly_those_of_the_lock(self) -> None:
        present = {path.relative_to(STATIC).as_posix() for path in (STATIC / "vendor").rglob("*") if path.is_file()}
        assert present == {entry["file"] for entry in lock()["files"]}

    @pytest.mark.parametrize("entry", lock()["files"], ids=lambda entry: entry["file"])
    def test_have_the_hash_of_the_lock(self, entry: dict[str, str]) -> None:
        assert hashlib.sha256((STATIC / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]

    def test_each_package_names_its_version_licence_and_integrity_and_brings_its_licence(self) -> None:
        for package in lock()["packages"]:
            assert set(package) == {"name", "version", "licence", "integrity"}
            assert package["integrity"].startswith("sha512-")
            files = [entry["file"] for entry in lock()["files"] if entry["package"] == package["name"]]
            assert [name for name in files if name.endswith("LICENSE")], package["name"]

    def test_htmx_is_the_second_version_that_django_htmx_brings(self) -> None:
        path = finders.find("django_htmx/htmx-2.min.js")
        assert path
        assert re.search(r'version:"2\.\d+\.\d+"', Path(path).read_text(encoding="utf-8"))


class TestIcons:
    def test_every_icon_that_a_template_names_is_there(self) -> None:
        for path in TEMPLATES:
            for name in re.findall(r'{% icon "([^"]+)"', path.read_text(encoding="utf-8")):
                assert icon_shapes(name), (path, name)

    def test_every_state_has_its_icon_and_a_tone_of_the_stylesheet(self) -> None:
        for code, status in STATUSES.items():
            assert icon_shapes(status.icon), code
            assert f".tone-{status.tone} " in CSS, code

    @pytest.mark.parametrize("name", ["nonsense", "../../lode", "scale.svg", ""])
    def test_a_name_that_is_not_vendored_is_refused(self, name: str) -> None:
        with pytest.raises(LookupError):
            icon_shapes(name)

    def test_shapes_carry_no_script_and_no_address(self) -> None:
        for path in ICON_FOLDER.glob("*.svg"):
            assert not re.search(r"<script|\son\w+=|href|url\(", icon_shapes(path.stem))


class _Strict(HTMLParser):
    """Finds what `script-src 'self'; style-src 'self'` would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._script_without_source = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _value in attrs}
        if "style" in names or tag == "style":
            self.faults.append(f"inline style on <{tag}>")
        self.faults += [f"{name} on <{tag}>" for name in names if re.fullmatch(r"on\w+|hx-on.*|_", name)]
        if tag == "script" and "src" not in names:
            self.faults.append("inline script")
        values = [value or "" for name, value in attrs if name in {"href", "src", "action", "hx-vals"}]
        self.faults += [f"{value} on <{tag}>" for value in values if value.strip().startswith(("javascript:", "js:"))]


def strict_faults(source: str) -> list[str]:
    parser = _Strict()
    parser.feed(re.sub(r"{[%#{].*?[%#}]}", "", source, flags=re.DOTALL))
    return parser.faults


class TestPagesObeyTheirPolicy:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
    def test_no_template_has_inline_style_or_script(self, path: Path) -> None:
        assert strict_faults(path.read_text(encoding="utf-8")) == []

    @pytest.mark.parametrize(
        "source",
        [
            '<p style="color:red">',
            "<style>p{}</style>",
            "<script>1</script>",
            '<a href="javascript:x()">',
            '<p onclick="x()">',
            '<p hx-on:click="x()">',
        ],
    )
    def test_the_check_sees_what_it_looks_for(self, source: str) -> None:
        assert strict_faults(source)

    @pytest.mark.parametrize(
        "path",
        [*TEMPLATES, *SCRIPTS, STATIC / "lode.css"],
        ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix(),
    )
    def test_nothing_is_fetched_from_outside(self, path: Path) -> None:
        text = NAMESPACES.sub("", path.read_text(encoding="utf-8"))
        assert OUTSIDE.findall(text) == []

    def test_the_address_check_sees_what_it_looks_for(self) -> None:
        for text in ('src="https://cdn.example.com/x.js"', "url(//fonts.example.com/a.woff2)", "http://example.org"):
            assert OUTSIDE.findall(text)

    def test_what_the_stylesheet_fetches_is_there(self) -> None:
        for address in re.findall(r'url\("([^"]+)"\)', CSS):
            assert (STATIC / address).is_file(), address


def tokens(theme: int) -> dict[str, str]:
    """The colours of a theme: 0 is light, 1 is dark."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", CSS)
    return {name: colours[theme] for name, *colours in pairs}


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, relative luminance."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def blended(over: str, under: str, opacity: float) -> str:
    parts = ((int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in parts)


TEXT = ("ink", "ink-2", "accent", "in", "out", "ok", "warn", "bad")
MATERIALS = ("li", "ni", "co", "cu", "mn", "graphite")
TINTS = ("accent", "in", "out", "ok", "warn", "bad")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
class TestContrast:
    def test_the_formula_is_that_of_the_standard(self, theme: int) -> None:
        assert contrast("#000000", "#ffffff") == 21
        assert round(contrast("#777777", "#ffffff"), 2) == 4.48

    @pytest.mark.parametrize("ground", ["surface", "page", "surface-2"])
    @pytest.mark.parametrize("name", TEXT)
    def test_text(self, theme: int, name: str, ground: str) -> None:
        assert contrast(tokens(theme)[name], tokens(theme)[ground]) >= 5.09

    @pytest.mark.parametrize("name", TINTS)
    def test_text_and_its_own_colour_on_a_tint(self, theme: int, name: str) -> None:
        ground = tokens(theme)[f"{name}-tint"]
        for text in (name, "ink", "ink-2"):
            assert contrast(tokens(theme)[text], ground) >= 5.09, text

    def test_the_primary_button_and_the_disabled_one(self, theme: int) -> None:
        assert contrast(tokens(theme)["on-accent"], tokens(theme)["accent"]) >= 5.09
        assert contrast(tokens(theme)["ink-2"], tokens(theme)["disabled"]) >= 5.09

    def test_borders_of_controls(self, theme: int) -> None:
        assert round(contrast(tokens(theme)["line-strong"], tokens(theme)["surface"]), 2) >= 3.94

    @pytest.mark.parametrize("material", MATERIALS)
    def test_fills_of_charts(self, theme: int, material: str) -> None:
        assert round(contrast(tokens(theme)[f"material-{material}"], tokens(theme)["surface"]), 2) >= 3.8

    @pytest.mark.parametrize("material", MATERIALS)
    def test_labels_over_bands(self, theme: int, material: str) -> None:
        opacity = float(re.search(r"\.chart \.flow \{ fill-opacity: ([\d.]+);", CSS).group(1))
        ground = blended(tokens(theme)[f"material-{material}"], tokens(theme)["surface"], opacity)
        assert contrast(tokens(theme)["ink"], ground) >= 5.09

    def test_the_documented_colours_are_those_of_the_stylesheet(self, theme: int) -> None:
        documented = {
            "ink": ("#181f27", "#eaedf1"),
            "ink-2": ("#515962", "#aab0b7"),
            "accent": ("#2355b7", "#81b1f8"),
            "in": ("#005f99", "#79c0f1"),
            "out": ("#905100", "#e9b364"),
            "ok": ("#006c4d", "#65d3a7"),
            "warn": ("#905c08", "#f0be67"),
            "bad": ("#b32322", "#fe8b83"),
            "line-strong": ("#7b8187", "#737b85"),
        }
        assert {name: tokens(theme)[name] for name in documented} == {n: c[theme] for n, c in documented.items()}


class TestStylesheet:
    def test_every_property_that_is_used_is_defined(self) -> None:
        used = set(re.findall(r"var\((--[\w-]+)\)", CSS))
        assert used - set(re.findall(r"(--[\w-]+):", CSS)) == set()

    def test_motion_can_be_switched_off(self) -> None:
        assert "prefers-reduced-motion: reduce" in CSS

    def test_braces_are_in_balance(self) -> None:
        assert CSS.count("{") == CSS.count("}")
