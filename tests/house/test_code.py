"""What the house forbids or asks of the code, read from the code itself; each rule is shown a piece that breaks it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "egide"
OUTSIDE = {"time", "os", "random", "secrets", "uuid", "pathlib", "psycopg", "django", "socket"}
MARKUP = {"markupsafe.Markup", "django.utils.safestring.mark_safe", "django.utils.html.format_html"}
CAPABILITIES = {"Chart", "Roster", "Batch", "Capability"}
# Reads of what is nobody's: no patient datum, hence no capability. Each with its reason.
NO_PATIENT = {"directory/reads.py": "the group's structure", "reference/reads.py": "public classifications"}
# What takes no capability first although it stands in actions.py: it makes its own openings, slice by slice.
OPENS_ITSELF = {"interop/fhir/actions.py": {"Import"}}
ROOMS = ("directory", "reference", "identity", "stays", "agenda", "record", "orders", "interop")
OFFERED = {"reads", "actions", "rules"}

Code = tuple[str, ast.Module]  # path under src/egide, tree
Rule = Callable[[str, ast.Module], Iterator[str]]


@functools.cache
def code(*, tests: bool = False) -> list[Code]:
    """Every module of src/egide, migrations included; with `tests`, every test too."""
    paths = sorted(SOURCE.rglob("*.py"))
    found = [(str(p.relative_to(SOURCE)), p) for p in paths if tests or "tests" not in p.relative_to(SOURCE).parts]
    if tests:
        found += [(f"../../{p.relative_to(ROOT)}", p) for p in sorted((ROOT / "tests").rglob("*.py"))]
    return [(name, ast.parse(path.read_text(encoding="utf-8"))) for name, path in found]


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every (line, dotted name) imported, `from a import b` as both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{one.name}") for one in node.names)


def named(annotation: ast.expr | None) -> set[str]:
    """Names of an annotation: `Roster | Chart` and `"Read[list[X]]"` included."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if annotation is None:
        return set()
    if isinstance(annotation, ast.BinOp):
        return named(annotation.left) | named(annotation.right)
    if isinstance(annotation, ast.Subscript):
        return named(annotation.value)
    if isinstance(annotation, ast.Attribute):
        return {annotation.attr}
    return {annotation.id} if isinstance(annotation, ast.Name) else {"?"}


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions a module offers."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def capability_first(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the first parameter is a capability, by its annotation, and nothing else could be passed for it."""
    first = [*function.args.posonlyargs, *function.args.args][:1]
    kinds = named(first[0].annotation) if first else set()
    return bool(kinds) and kinds <= CAPABILITIES


# ── the rules ───────────────────────────────────────────────────────────────────────────────────────────────────────


def reads_take_a_capability(path: str, tree: ast.Module) -> Iterator[str]:
    """Every public function of a reads module takes a capability first and returns a Read; none runs a query itself."""
    if not re.search(r"(^|/)reads(/\w+)?\.py$", path) or path in NO_PATIENT:
        return
    for function in public_functions(tree):
        if not capability_first(function):
            yield f"{path}: {function.name} takes no capability first"
        if named(function.returns) != {"Read"}:
            yield f"{path}: {function.name} returns no Read"
    for line, name in imports(tree):
        if name.startswith("django.db") or ".models" in name or name == "psycopg":
            yield f"{path}:{line}: a read is said, not made: no {name} here"


def actions_take_a_capability(path: str, tree: ast.Module) -> Iterator[str]:
    """Every public function of an actions module takes a capability first; a public class there is named above."""
    if not re.search(r"(^|/)actions(/\w+)?\.py$", path):
        return
    for function in public_functions(tree):
        if not capability_first(function):
            yield f"{path}: {function.name} takes no capability first"
    for node in tree.body:
        if (
            isinstance(node, ast.ClassDef)
            and not node.name.startswith("_")
            and node.name not in OPENS_ITSELF.get(path, ())
        ):
            yield f"{path}: {node.name} is a class"


def capabilities_are_made_in_the_gate(path: str, tree: ast.Module) -> Iterator[str]:
    """No other room constructs a capability, copies one with other ids, or imports what constructs them."""
    if path.startswith("gate/") or path == "kernel/capabilities.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in CAPABILITIES:
                yield f"{path}:{node.lineno}: makes a {name}"
            if (
                name == "replace"
                and node.keywords
                and {"ids", "ticket", "keys", "reads", "writes"} & {one.arg for one in node.keywords}
            ):
                yield f"{path}:{node.lineno}: copies a capability with other {node.keywords[0].arg}"
        if isinstance(node, ast.ClassDef) and {name for base in node.bases for name in named(base)} & CAPABILITIES:
            yield f"{path}:{node.lineno}: {node.name} is a capability of its own"
    for line, name in imports(tree):
        if name.startswith("egide.gate.opening"):
            yield f"{path}:{line}: imports what makes capabilities"


def no_contrib(path: str, tree: ast.Module) -> Iterator[str]:
    """Nothing of django.contrib: it brings users, sessions, permissions and pages of its own."""
    for line, name in imports(tree):
        if name.startswith("django.contrib"):
            yield f"{path}:{line}: imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("django.contrib"):
            yield f"{path}:{node.lineno}: names {node.value}"


def no_rollback_tests(path: str, tree: ast.Module) -> Iterator[str]:
    """No django.test.TestCase and kin: the ticket outlives its savepoints, the gate cannot see its rows."""
    for line, name in imports(tree):
        if name.startswith("django.test") and name.rsplit(".", 1)[-1].endswith("TestCase"):
            yield f"{path}:{line}: {name.rsplit('.', 1)[-1]}"
        if name.split(".", 1)[0] in {"pytest_django", "unittest"} and not name.startswith("unittest.mock"):
            yield f"{path}:{line}: {name}"


_ONE_PATIENT = re.compile(r"\bpatient(?:_id)?\s*(?:=|<>|IN)\s*(?:\(\s*)?(?:%s|%\(|\$\d|:\w)", re.IGNORECASE)
_LOOKUPS = {"filter", "get", "exclude", "get_or_create", "update_or_create", "Q", "get_object_or_404"}


def no_single_patient(path: str, tree: ast.Module) -> Iterator[str]:
    """A person may have several ids (gate.md §5): queries say `= ANY(ids)`, never `patient_id = one`."""
    if "/migrations/" in path or path.startswith("rehearsal/drill/"):  # a thief types what she likes
        return
    # f-strings too: their constant parts are Constant nodes
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ONE_PATIENT.search(node.value):
            yield f"{path}:{node.lineno}: one patient_id in a query"
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _LOOKUPS and {one.arg for one in node.keywords} & {"patient_id", "patient", "patient__pk"}:
                yield f"{path}:{node.lineno}: one patient in a lookup"


def rooms_offer_reads_actions_and_rules(path: str, tree: ast.Module) -> Iterator[str]:
    """A room's models, forms and views are its own; others import its reads, actions and rules."""
    room = path.split("/", 1)[0]
    if room not in ROOMS:
        return
    for line, name in imports(tree):
        parts = name.split(".")
        foreign = parts[0] == "egide" and len(parts) > 2 and parts[1] in ROOMS and parts[1] != room
        if foreign and parts[2] not in OFFERED:
            yield f"{path}:{line}: imports {'.'.join(parts[1:3])}"


def rules_know_no_time(path: str, tree: ast.Module) -> Iterator[str]:
    """Rules are given the time; they never ask for it, nor for chance, files or the environment."""
    if not re.search(r"(^|/)rules(/\w+)?\.py$", path):
        return
    for line, name in imports(tree):
        if name.split(".", 1)[0] in OUTSIDE:
            yield f"{path}:{line}: imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            yield f"{path}:{node.lineno}: asks for the time"


def no_raw_markup(path: str, tree: ast.Module) -> Iterator[str]:
    """Markup is made where pages are (ui); elsewhere text is text, and templates escape it."""
    for line, name in imports(tree):
        if name in MARKUP and not path.startswith("ui/"):
            yield f"{path}:{line}: imports {name}"


RULES: list[tuple[Rule, bool]] = [
    (reads_take_a_capability, False),
    (actions_take_a_capability, False),
    (capabilities_are_made_in_the_gate, False),
    (no_contrib, True),
    (no_rollback_tests, True),
    (no_single_patient, False),
    (rooms_offer_reads_actions_and_rules, False),
    (rules_know_no_time, False),
    (no_raw_markup, False),
]


@pytest.mark.parametrize(("rule", "tests"), RULES, ids=[rule.__name__ for rule, _ in RULES])
def test_the_code_keeps_to_the_rule(rule: Rule, tests: bool) -> None:
    here = Path(__file__).name
    assert [fault for path, tree in code(tests=tests) if not path.endswith(here) for fault in rule(path, tree)] == []


BROKEN: list[tuple[Rule, str, str]] = [
    (reads_take_a_capability, "record/reads.py", "def notes(patient_id: UUID) -> Read[int]: ..."),
    (reads_take_a_capability, "record/reads.py", "def notes(cap) -> Read[int]: ..."),
    (reads_take_a_capability, "record/reads.py", "def notes(cap: Chart | None) -> Read[int]: ..."),
    (reads_take_a_capability, "record/reads.py", "def notes(cap: Chart) -> list[int]: ..."),
    (reads_take_a_capability, "record/reads/notes.py", "def notes() -> 'Read[int]': ..."),
    (reads_take_a_capability, "record/reads.py", "from django.db import connection"),
    (reads_take_a_capability, "record/reads.py", "from egide.record.models import Problem"),
    (actions_take_a_capability, "record/actions.py", "def erase(patient_id: UUID) -> None: ..."),
    (actions_take_a_capability, "record/actions/notes.py", "def erase(*, chart: Chart) -> None: ..."),
    (actions_take_a_capability, "record/actions.py", "class Eraser: ..."),
    (capabilities_are_made_in_the_gate, "record/views.py", "chart = Chart(**stolen)"),
    (capabilities_are_made_in_the_gate, "record/views.py", "chart = capabilities.Roster(ids=ids)"),
    (capabilities_are_made_in_the_gate, "record/views.py", "chart = replace(chart, ids=others)"),
    (capabilities_are_made_in_the_gate, "record/views.py", "chart = dataclasses.replace(chart, keys=others)"),
    (capabilities_are_made_in_the_gate, "record/views.py", "class Wide(Chart): ..."),
    (capabilities_are_made_in_the_gate, "record/views.py", "from egide.gate.opening import chart_from"),
    (no_contrib, "config/settings.py", "INSTALLED_APPS = ['django.contrib.auth']"),
    (no_contrib, "accounts/views.py", "from django.contrib.auth import login"),
    (no_rollback_tests, "../../tests/t.py", "from django.test import TestCase"),
    (no_rollback_tests, "../../tests/t.py", "from django.test.testcases import TransactionTestCase"),
    (no_rollback_tests, "../../tests/t.py", "import pytest_django"),
    (no_single_patient, "record/reads.py", "Read('SELECT 1 FROM t WHERE patient_id = %s', ())"),
    (no_single_patient, "record/reads.py", "Read(f'SELECT {a} FROM t WHERE t.patient_id=%(one)s', ())"),
    (no_single_patient, "record/actions.py", "Problem.objects.filter(patient_id=one)"),
    (no_single_patient, "record/actions.py", "Problem.objects.get(patient=one)"),
    (rooms_offer_reads_actions_and_rules, "record/actions.py", "from egide.stays.models import Stay"),
    (rooms_offer_reads_actions_and_rules, "record/actions.py", "from egide.identity import forms"),
    (rules_know_no_time, "record/rules.py", "from datetime import datetime\nat = datetime.now(UTC)"),
    (rules_know_no_time, "stays/rules.py", "from django.utils import timezone"),
    (rules_know_no_time, "stays/rules.py", "import time"),
    (no_raw_markup, "record/views.py", "from markupsafe import Markup"),
    (no_raw_markup, "record/views.py", "from django.utils.safestring import mark_safe"),
]


@pytest.mark.parametrize(("rule", "path", "piece"), BROKEN, ids=[f"{r.__name__}: {c[:50]}" for r, _, c in BROKEN])
def test_a_piece_that_breaks_the_rule_is_named(rule: Rule, path: str, piece: str) -> None:
    assert list(rule(path, ast.parse(piece))) != []


KEPT: list[tuple[Rule, str, str]] = [
    (
        reads_take_a_capability,
        "record/reads.py",
        "def notes(cap: Roster | Chart) -> Read[list[int]]: ...\ndef _h(x): ...",
    ),
    (actions_take_a_capability, "record/actions.py", "def write(chart: 'Chart', note: str) -> None: ..."),
    (capabilities_are_made_in_the_gate, "gate/opening.py", "chart = Chart(**fields)"),
    (capabilities_are_made_in_the_gate, "record/views.py", "text = text.replace(',', '.')"),
    (no_single_patient, "record/reads.py", "Read('SELECT 1 FROM t WHERE patient_id = ANY(%s)', ())"),
    (no_single_patient, "record/actions.py", "Measurement(patient_id=chart.patient_id)"),
    (rooms_offer_reads_actions_and_rules, "record/views.py", "from egide.stays.reads import stays"),
]


@pytest.mark.parametrize(("rule", "path", "piece"), KEPT, ids=[f"{r.__name__}: {c[:50]}" for r, _, c in KEPT])
def test_a_piece_that_keeps_to_the_rule_is_let_be(rule: Rule, path: str, piece: str) -> None:
    assert list(rule(path, ast.parse(piece))) == []


# ── templates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def template_faults(name: str, body: str) -> Iterator[str]:
    """Ways around escaping or around the content security policy, in one template."""
    html = re.sub(r"\{[%#].*?[%#]\}", "", body, flags=re.DOTALL)
    for text, pattern, what in (
        (body, r"\|\s*(safe|string\s*\|\s*safe)\b", "|safe"),
        (body, r"autoescape\s+false", "autoescape false"),
        (body, r"\bMarkup\b", "Markup"),
        (html, r"\son\w+\s*=", "an inline handler"),
        (html, r"\sstyle\s*=", "an inline style"),
        (html, r"<script(?![^>]*\bsrc=)", "an inline script"),
        (html, r"hx-on", "an inline handler"),
        (html, r"hx-vals\s*=\s*['\"]?js:", "evaluated script"),
        (html, r"(?:src|href)\s*=\s*['\"]https?://", "a foreign address"),
    ):
        if re.search(pattern, text, re.IGNORECASE):
            yield f"{name}: {what}"


def test_templates_escape_everything_and_bring_no_script() -> None:
    found = sorted(SOURCE.rglob("templates/**/*.html"))
    assert len(found) > 10
    assert [fault for path in found for fault in template_faults(path.name, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "body",
    [
        "{{ name|safe }}", "{{ name | safe }}", "{% autoescape false %}", "<b onclick='x'>", "<p style='a'>",
        "<script>x</script>", "<div hx-on:click='x'>", "<img src='https://a/b'>",
    ],
)  # fmt: skip
def test_a_template_that_does_not_is_named(body: str) -> None:
    assert list(template_faults("t.html", body)) != []
