"""Every setting that the environment can change is documented, and nothing documented is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "administration.md"
NAME = re.compile(r"\bEGIDE_[A-Z][A-Z_]*\b")
# Names that look alike and that nobody sets.
NOT_A_SETTING = {
    "EGIDE_FRAME": "a Django setting: the function that makes a page's frame",
    "EGIDE_DEMO": "a Django setting of the page previews",
    "EGIDE_PROCESS": "set by the supervisor, to recognise its own processes",
}


def read_by_the_code() -> set[str]:
    """EGIDE_* names in code, tools and the Makefile."""
    files = [
        path
        for folder in ("src/egide", "tools")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and "tests" not in path.relative_to(ROOT).parts
        and path.suffix in {".py", ""}
        and "__pycache__" not in path.parts
    ]
    found: set[str] = set()
    for path in [*files, ROOT / "Makefile"]:
        found |= set(NAME.findall(path.read_text(encoding="utf-8", errors="ignore")))
    return found - set(NOT_A_SETTING)


def faults(code: Iterable[str], page: str) -> Iterator[str]:
    """Settings without a line, and lines without a setting."""
    told = set(NAME.findall(page))
    yield from (f"{name}: not documented" for name in sorted(set(code) - told))
    yield from (f"{name}: documented, read by nobody" for name in sorted(told - set(code) - set(NOT_A_SETTING)))


def test_every_setting_is_documented() -> None:
    code = read_by_the_code()
    assert {"EGIDE_HOME", "EGIDE_PORT", "EGIDE_ROLE", "EGIDE_ORIGIN"} <= code
    assert PAGE.exists(), f"docs/administration.md is missing: it documents {', '.join(sorted(code))}"
    assert list(faults(code, PAGE.read_text(encoding="utf-8"))) == []


def test_an_undocumented_setting_and_a_stale_line_are_named() -> None:
    assert list(faults({"EGIDE_HOME", "EGIDE_NEW"}, "`EGIDE_HOME` … `EGIDE_OLD` …")) == [
        "EGIDE_NEW: not documented", "EGIDE_OLD: documented, read by nobody",
    ]  # fmt: skip
