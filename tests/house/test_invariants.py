"""What a room's README promises has a number of its own, and whoever names a number names one that stands."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATED = re.compile(r"^(?:- |\d+\. )(?:\*\*)?([A-Z]{3}-\d+)\b", re.MULTILINE)
CITED = re.compile(r"(?<![\w-])([A-Z]{3})-\d+\b")  # "MB-IDE-02" is a label
READ = {".py", ".sql", ".js", ".html", ".md", ".txt", ".toml"}


def stated(text: str) -> list[str]:
    """The numbers that a README gives to what it promises."""
    return STATED.findall(text)


def rooms() -> dict[str, list[str]]:
    """Each room's numbers, in the order of its README."""
    found = {
        path.parent.name: stated(path.read_text(encoding="utf-8")) for path in _files() if path.name == "README.md"
    }
    return {room: numbers for room, numbers in found.items() if numbers}


def twice(numbers: Iterable[str]) -> list[str]:
    """Those that stand more than once."""
    return sorted(one for one, count in Counter(numbers).items() if count > 1)


def unknown(text: str, known: set[str]) -> list[str]:
    """Numbers of a room's own letters that no README states."""
    letters = {one[:3] for one in known}
    return sorted({one[0] for one in CITED.finditer(text) if one[1] in letters and one[0] not in known})


def _files() -> Iterator[Path]:
    for folder in ("src", "tests", "docs", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in READ and path.is_file() and path.name != Path(__file__).name:
                yield path


def test_no_number_stands_twice_and_letters_are_one_room_s() -> None:
    found = rooms()
    assert len(found) > 12
    assert twice(one for numbers in found.values() for one in numbers) == []
    letters = [{one[:3] for one in numbers} for numbers in found.values()]
    assert all(len(one) == 1 for one in letters)
    assert twice(one for of_room in letters for one in of_room) == []


def test_every_number_that_is_cited_stands() -> None:
    known = {one for numbers in rooms().values() for one in numbers}
    wrong = {str(path.relative_to(ROOT)): unknown(path.read_text(encoding="utf-8"), known) for path in _files()}
    assert {path: numbers for path, numbers in wrong.items() if numbers} == {}


def test_a_number_that_stands_twice_or_nowhere_is_named() -> None:
    read = stated("- KEE-1 One.\n- KEE-2 Two.\n1. REH-1 Three.\n- **INT-1** Four: see KEE-9\n- KEE-2 Five.\n")
    assert read == ["KEE-1", "KEE-2", "REH-1", "INT-1", "KEE-2"]
    assert twice(read) == ["KEE-2"]
    assert unknown("by KEE-2, KEE-9, X-KEE-8 and CIM-10", set(read)) == ["KEE-9"]
