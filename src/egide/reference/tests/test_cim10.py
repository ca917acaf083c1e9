"""The CIM-10: how a file is read, what a search finds, what a bad file leaves as it was."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from egide.cli.halt import Halt
from egide.gate.tests.factories import Hospital
from egide.reference import loading, rules

ATIH = "A00   |3|NNNN|3|CHOLERA|Choléra\r\nI509  |0|NOOO|0|INSUF. CARD.|Insuffisance cardiaque, sans précision\r\n"


def test_both_shapes_of_a_file_are_read() -> None:
    told = [("A00", "Choléra"), ("I50.9", "Insuffisance cardiaque, sans précision")]
    assert list(rules.rows(ATIH.splitlines())) == told
    assert (
        list(rules.rows(["# code\tlabel", "A00\tCholéra", "", "I50.9\tInsuffisance cardiaque, sans précision"])) == told
    )


@pytest.mark.parametrize(
    "line",
    ["x", "A00|Choléra", "A0\tx", "A00\t", "A00\t" + "é" * 301, "a00\tx", "A00;x", "A00\ta\x00b", "🙂\tx", "A00\tx\ty"],
)
def test_a_line_that_is_neither_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="2"):
        list(rules.rows(["A00\tCholéra", line]))


def test_the_built_in_extract_is_whole_and_small() -> None:
    found = dict(loading.built_in())
    assert len(found) > 2000
    assert found["I50.9"] == "Insuffisance cardiaque, sans précision"
    data = Path(loading.__file__).parent / "data" / "cim10.tsv"
    assert data.stat().st_size < 200_000


@pytest.mark.parametrize(
    ("typed", "first"),
    [("insuffisance cardiaque", "I50"), ("I50.9", "I50.9"), ("i509", "I50.9"), ("OEDÈME pulmonaire", "J81"),
     ("embolie pulm", "I26")],
)  # fmt: skip
def test_words_in_any_order_or_a_code_find_a_diagnosis(hospital: Hospital, typed: str, first: str) -> None:
    from egide.reference.reads import diagnoses

    assert first in [one.code for one in diagnoses(typed)]
    assert [one.code for one in diagnoses(" ".join(reversed(typed.split())))]


@pytest.mark.parametrize("typed", ["", "a", "%", "_", "\\", "🙂", "zzzz", "'; DROP TABLE x", "\x00"])
def test_nothing_is_found_by_nothing(hospital: Hospital, typed: str) -> None:
    from egide.reference.reads import diagnoses

    assert diagnoses(typed) == []


def test_a_file_replaces_the_list_and_a_bad_one_changes_nothing(hospital: Hospital, tmp_path: Path) -> None:
    from egide.cli import reference

    def count() -> int:
        return int(hospital.value("SELECT count(*) FROM reference_diagnosis"))

    before = count()
    file = tmp_path / "cim10.txt"
    for content in (b"", b"A00\tok\nnothing\n", b"\xff\xfe\x00", b"# only\n"):
        file.write_bytes(content)
        answer = CliRunner().invoke(reference.app, ["import", "cim10", str(file)])
        assert isinstance(answer.exception, Halt), content
        assert count() == before
    assert isinstance(CliRunner().invoke(reference.app, ["import", "cim10", str(tmp_path / "no")]).exception, Halt)
