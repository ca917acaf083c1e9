"""The English catalogue says every sentence of the pages and no other; its compiled file is the current one."""

import re
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.utils.translation import override

import egide
from egide.ui.environment import environment
from egide.ui.text import _

ROOMS = Path(egide.__file__).parent
LOCALE = ROOMS / "ui" / "locale"
ENGLISH = LOCALE / "en" / "LC_MESSAGES"


def first(ident: str | tuple[str, ...] | list[str]) -> str:
    return ident if isinstance(ident, str) else ident[0]


def catalogue() -> Catalog:
    with (ENGLISH / "django.po").open("rb") as file:
        return read_po(file)


def said_on_screen() -> set[str]:
    with (LOCALE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords: dict[str, tuple[int, ...] | None] = {"_": None, "_lazy": None, "_n": (1, 2), "ngettext": (1, 2)}
    found = extract_from_dir(str(ROOMS), methods, options, keywords)
    return {first(message) for _file, _line, message, _comments, _context in found if message}


def test_every_sentence_is_said_in_english_with_the_same_blanks_and_no_other() -> None:
    english = {first(one.id): one for one in catalogue() if one.id and one.string}
    said = said_on_screen()
    assert sorted(said - english.keys()) == []  # a page half in French would be read wrong
    assert sorted(english.keys() - said) == []  # what no page says any more leaves the catalogue
    assert not any(one.fuzzy for one in english.values())
    for source, one in english.items():
        blanks = set(re.findall(r"%\((\w+)\)", " ".join([one.id] if isinstance(one.id, str) else one.id)))
        told = one.string if isinstance(one.string, str) else " ".join(one.string or ())
        assert set(re.findall(r"%\((\w+)\)", told)) == blanks, source


def test_the_compiled_file_is_the_current_one() -> None:
    written = BytesIO()
    write_mo(written, catalogue())
    written.seek(0)
    fresh = {first(one.id): one.string for one in read_mo(written) if one.id}
    with (ENGLISH / "django.mo").open("rb") as file:
        assert {first(one.id): one.string for one in read_mo(file) if one.id} == fresh


def test_a_page_speaks_the_active_language() -> None:
    with override("en"):
        assert _("Se déconnecter") == "Sign out"
        assert environment().from_string('{{ _("Se déconnecter") }}').render() == "Sign out"
    with override("fr"):
        assert environment().from_string('{{ _("Se déconnecter") }}').render() == "Se déconnecter"
