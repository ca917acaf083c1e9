"""French acronyms kept as identifiers stand in docs/glossary.md, and no line of it is stale."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "egide"
GLOSSARY = ROOT / "docs" / "glossary.md"

# Acronyms of French hospitals that have no exact English word: whichever the code takes up must be explained.
ACRONYMS = {
    "ins", "ipp", "nda", "nir", "iep", "uf", "um", "uh", "rpps", "adeli", "finess", "rum", "rss", "rsa", "rha",
    "raa", "ghm", "ghs", "cmd", "cim10", "ccam", "ngap", "bdpm", "ucd", "cip", "cis", "lpp", "dim", "dpo", "rssi",
    "dsi", "dsih", "gam", "mco", "ssr", "smr", "had", "psy", "usld", "ehpad", "ght", "chu", "ch", "samu", "smur",
    "sau", "uhcd", "pmsi", "atih", "insee", "cog", "cnil", "anssi", "rniv", "insi", "dmp", "mssante", "psc", "cps",
    "cpx", "ameli", "cpam", "amo", "amc", "amm", "ald", "cmu", "c2s", "ame", "iao", "ide", "iade", "ibode", "as",
    "ash", "mkde", "sf", "pui", "dgos", "has", "oms", "hdj", "hds", "rgpd", "csp", "css", "dcf", "tjp", "fides",
    "b2", "noemie",
}  # fmt: skip
# Spelled like one, and something else in code.
NOT_FRENCH = {"as", "ch", "sf", "cis", "had", "sau", "cmd", "cog", "ide", "psy", "css", "csp", "has", "um"}


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Every name that the code gives: functions, classes, arguments, variables, attributes, keywords, enum values."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.Constant(value=str(name)) if re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name):
                yield name  # codes travel as short strings: categories, professions, kinds of traits


def parts(name: str) -> list[str]:
    """birth_name → birth, name; CodeCIM10 → code, cim10."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return [part.lower() for part in spaced.split("_") if part]


def used(sources: list[str]) -> set[str]:
    """Acronyms that appear as a part of an identifier."""
    wanted = ACRONYMS - NOT_FRENCH
    return {part for source in sources for name in identifiers(ast.parse(source)) for part in parts(name)} & wanted


def explained(page: str) -> set[str]:
    """Identifiers of the glossary's first table: | `ins` | …"""
    return set(re.findall(r"^\| `([a-z0-9]+)` \|", page, re.MULTILINE))


def faults(sources: list[str], page: str) -> Iterator[str]:
    """Acronyms used and not explained; explained and not used."""
    yield from (f"{one}: not in docs/glossary.md" for one in sorted(used(sources) - explained(page)))
    yield from (f"{one}: in docs/glossary.md, used nowhere" for one in sorted(explained(page) - used(sources)))


def sources() -> list[str]:
    """The code without its tests."""
    return [p.read_text(encoding="utf-8") for p in SOURCE.rglob("*.py") if "tests" not in p.relative_to(SOURCE).parts]


def test_acronyms_are_explained() -> None:
    assert list(faults(sources(), GLOSSARY.read_text(encoding="utf-8"))) == []


def test_an_unexplained_and_a_stale_acronym_are_named() -> None:
    page = "| `ins` | identité |\n| `ghm` | groupe |\n"
    assert list(faults(["def ipp_of(ins): ...", "category = 'rum'"], page)) == [
        "ipp: not in docs/glossary.md", "rum: not in docs/glossary.md", "ghm: in docs/glossary.md, used nowhere",
    ]  # fmt: skip
    assert list(faults(["class CodeGHM: x = row.ins_oid"], page)) == []
