"""The rules of the house that no linter knows. Each rule is shown to see a breach in a made-up source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

PROJECT = Path(settings.BASE_DIR)
SOURCES = ("ledger", "contracts", "platform/lode")
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400

# Where the time of day may be read: where a request, a command or a job comes in, and the engine, which runs processes.
# The demo's settling plays the part of beat and of the worker, whose leases are of the machine's clock.
ENTRY_POINTS = (
    "platform/lode/cli/", "platform/lode/web/", "platform/lode/api/", "platform/lode/jobs/",
    "platform/lode/engine/", "platform/lode/config/", "platform/lode/demo/settling.py",
    "ledger/witness/cli.py",
)  # fmt: skip
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("timezone", "now"), ("timezone", "localdate"), ("timezone", "localtime"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"),
}  # fmt: skip
# Where a float may not stand: masses are integers and money is Decimal.
EXACT = re.compile(r"(^|/)core/|^ledger/|^platform/lode/settlement/")
# How long something took is measured, not settled.
MEASURES = re.compile(r"^ledger/verify_cli\.py$")
EXACT_MATH = ("gcd", "lcm", "isqrt", "comb", "prod")
DOCUMENTED = re.compile(r"(^|/)(core|services)/")


def sources() -> Iterator[tuple[str, str]]:
    """Give every Python file of ours but migrations, by its path in the project."""
    for folder in SOURCES:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            name = path.relative_to(PROJECT).as_posix()
            if "/migrations/" not in name:
                yield name, path.read_text(encoding="utf-8")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def long_functions(name: str, source: str) -> Iterator[str]:
    for node in functions(ast.parse(source)):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{name}:{node.lineno} {node.name} has {lines} lines, at most {MAX_FUNCTION_LINES} are allowed"


def long_files(name: str, source: str) -> Iterator[str]:
    lines = source.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{name} has {lines} lines, at most {MAX_FILE_LINES} are allowed"


def floats(name: str, source: str) -> Iterator[str]:
    if not EXACT.search(name) or MEASURES.search(name):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{name}:{node.lineno} the number {node.value} is a float"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "complex"):
            yield f"{name}:{node.lineno} makes a float"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
            yield from () if node.attr in EXACT_MATH else (f"{name}:{node.lineno} math.{node.attr} makes floats",)


def clocks(name: str, source: str) -> Iterator[str]:
    if name.startswith(ENTRY_POINTS):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            owner_name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if (owner_name, node.func.attr) in CLOCKS:
                yield f"{name}:{node.lineno} reads the clock ({owner_name}.{node.func.attr}); take `now` as an argument"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                if ("time", alias.name) in CLOCKS:
                    yield f"{name}:{node.lineno} imports time.{alias.name}; take `now` as an argument"


def undocumented(name: str, source: str) -> Iterator[str]:
    """Public functions of modules, and public methods of public classes, of core and services."""
    if not DOCUMENTED.search(name):
        return
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{name}:{node.lineno} {node.name} has no docstring"


def signals(name: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module in ("django.db.models.signals", "django.dispatch", "celery.signals", "django.core.signals"):
            yield f"{name}:{node.lineno} imports {module}: what happens is called by name, where it happens"


def save_overrides(name: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
            if any(base.endswith(("Model", "User")) for base in bases):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name in ("save", "delete"):
                        yield f"{name}:{item.lineno} {node.name}.{item.name} is overridden: write a service"


def machine_paths(name: str, source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if match := re.search(r"(?<![\w.])/(root|home/\w+|Users/\w+|mnt|opt|srv|work\w*)/", line):
            yield f"{name}:{number} names a path of one machine: {match.group()}"


RULES = {
    long_functions: "def f():\n" + "    x = 1\n" * 60,
    long_files: "x = 1\n" * 401,
    floats: "share = 0.5\n",
    clocks: "from django.utils import timezone\nday = timezone.now()\n",
    undocumented: "def settle(): pass\n",
    signals: "from django.db.models.signals import post_save\n",
    save_overrides: "class Lot(models.Model):\n    def save(self): pass\n",
    machine_paths: 'FOLDER = "/home/ann/lode"\n',
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_source_breaks_the_rule(rule):
    assert [breach for name, source in sources() for breach in rule(name, source)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_sees_a_breach(rule):
    assert len(list(rule("ledger/core/made_up.py", RULES[rule]))) == 1


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (floats, "x = float('1')"),
        (floats, "x = math.sqrt(2)"),
        (clocks, "import datetime as dt\nx = dt.datetime.now(dt.UTC)"),
        (clocks, "x = datetime.date.today()"),
        (clocks, "from time import time\n"),
        (signals, "from django.dispatch import receiver"),
        (save_overrides, "class P(AbstractUser):\n    def delete(self): pass"),
    ],
)
def test_the_rule_sees_other_spellings(rule, source):
    assert list(rule("ledger/core/made_up.py", source))


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (long_functions, "ledger/core/a.py", "def f():\n" + "    x = 1\n" * 59),
        (long_files, "ledger/core/a.py", "x = 1\n" * 400),
        (floats, "platform/lode/web/a.py", "x = 0.5"),
        (floats, "ledger/core/a.py", "x = 5; y = Decimal('0.5')"),
        (clocks, "platform/lode/cli/a.py", "x = timezone.now()"),
        (clocks, "ledger/core/a.py", "import time\nx = time.monotonic()"),
        (undocumented, "ledger/core/a.py", "def _f(): pass"),
        (undocumented, "platform/lode/web/a.py", "def f(): pass"),
        (save_overrides, "a.py", "class F(forms.Form):\n    def save(self): pass"),
        (machine_paths, "a.py", "url = 'https://example.org/home/'"),
    ],
)
def test_the_rule_lets_what_is_good_pass(rule, name, source):
    assert list(rule(name, source)) == []


def test_templates_name_no_path_of_a_machine():
    found = [
        breach
        for path in sorted((PROJECT / "templates").rglob("*"))
        if path.suffix in (".html", ".txt")
        for breach in machine_paths(path.name, path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_source_root_is_no_package():
    assert not (PROJECT / "platform" / "__init__.py").exists()
    assert not list((PROJECT / "platform").rglob("test*.py")), (
        "tests below platform/ hide the standard library's module"
    )
    assert [path.name for path in (PROJECT / "platform").iterdir() if path.name != "__pycache__"] == ["lode"]


@pytest.mark.django_db
def test_migrations_are_complete():
    said = StringIO()
    try:
        call_command("makemigrations", check_changes=True, dry_run=True, stdout=said, stderr=said)
    except SystemExit:
        pytest.fail(f"models and migrations differ: {said.getvalue()}")
