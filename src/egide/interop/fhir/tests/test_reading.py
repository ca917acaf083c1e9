"""The confined process, for real: what it reads, what it refuses, what it cannot reach."""

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from egide.interop.fhir import reading, sources
from egide.interop.fhir.sources import SourceRefused, files_of
from egide.interop.fhir.tests import resources as make
from egide.interop.fhir.values import Person


def read(*paths: Path, source: str = "") -> tuple[list[Person], reading.Reading]:
    with reading.read(files_of(paths), source, lambda _: None) as found:
        return list(found.persons), found


def refusal(*paths: Path) -> str:
    with pytest.raises(SourceRefused) as refused:
        read(*paths)
    return str(refused.value)


def test_a_folder_of_bundles_lines_and_gzip_becomes_persons(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.json").write_text(json.dumps(make.bundle(make.patient("p1"), make.pressure())))
    (tmp_path / "deep" / "b.ndjson.gz").write_bytes(
        gzip.compress(make.ndjson(make.patient("p2"), make.encounter("e2", "p2")))
    )
    (tmp_path / "c.jsonl").write_bytes(make.ndjson(make.observation("o3", "p2")) + b"{broken\n")
    (tmp_path / "LICENSE.txt").write_bytes(b"\x00")
    persons, found = read(tmp_path)
    assert [person.ref for person in persons] == ["Patient/p1", "Patient/p2"]
    assert found.patients == 2
    assert len(persons[1].measurements) == 1
    [broken] = found.tally.named
    assert (broken.place.file, broken.place.line, broken.reason) == (1, 2, "not_json")


def test_every_type_is_read_behind_the_lock(tmp_path: Path) -> None:
    """What a reader loads lazily it cannot load any more: each way through the mapping is gone through here."""
    inline = {"contentType": "text/plain", "data": base64.b64encode("\ufeffÉté".encode()).decode()}
    holder = {"subject": {"reference": "Patient/p1"}}
    coded = {"code": {"text": "Acte"}, "status": "completed"}
    whole = (
        make.patient("p1"), make.encounter("e1"), make.condition(), make.allergy(), make.pressure(), make.observation(),
        make.prescription(), make.prescription("m2", medicationCodeableConcept=None,
                                               medicationReference={"reference": "Medication/d1"}),
        make.other("Medication", "d1", code={"text": "Warfarine"}),
        make.other("MedicationAdministration", "n1", **holder, effectiveDateTime="2020-01-01",
                   medicationCodeableConcept={"text": "X"}, dosage={"dose": {"value": 0.5, "unit": "mg"}}),
        make.other("MedicationStatement", "s1", **holder, dateAsserted="2020-01-01",
                   medicationCodeableConcept={"text": "X"}),
        make.other("Immunization", "i1", patient=holder["subject"], vaccineCode={"text": "Grippe"},
                   occurrenceDateTime="2020-01-01", status="completed"),
        make.other("Procedure", "a1", **holder, **coded, performedDateTime="2020-01-01"),
        make.other("DocumentReference", "t1", **holder, date="2020-01-01", content=[{"attachment": inline}],
                   type={"text": "Lettre"}),
        make.other("Claim", "k1"), make.observation("o9", "nobody"),
    )  # fmt: skip
    (tmp_path / "a.ndjson").write_bytes(make.ndjson(*whole))
    (tmp_path / "b.json").write_text(json.dumps(make.bundle(*whole)))
    persons, found = read(tmp_path)
    assert not found.tally.named
    assert found.tally.read.total() == 2 * len(whole)
    [person] = [one for one in persons if one.identified]
    assert len(person.imported) == 7
    assert [one.text for one in person.imported if one.kind == "document"] == ["Été"]


def test_the_manifest_is_the_hash_of_names_and_hashes(tmp_path: Path) -> None:
    one = tmp_path / "one.ndjson"
    one.write_bytes(make.ndjson(make.patient()))
    line = f"{hashlib.sha256(one.read_bytes()).hexdigest()}  one.ndjson\n"
    assert read(one)[1].manifest == hashlib.sha256(line.encode()).hexdigest()
    assert sources.manifest([("b", "2"), ("a", "1")]) == sources.manifest([("a", "1"), ("b", "2")])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.ndjson", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("vide.json", b""),
        ("faux.ndjson.gz", b'{"resourceType":"Patient"}\n'),
        ("coupe.ndjson.gz", gzip.compress(make.ndjson(make.patient()) * 50)[:-20]),
        ("bombe.json.gz", gzip.compress(b" " * (40 * 1024 * 1024))),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_refuses_all(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "a.ndjson").write_bytes(make.ndjson(make.patient()))
    (tmp_path / name).write_bytes(content)
    sentence = refusal(tmp_path)
    assert name in sentence
    assert sentence.endswith(".")


def test_paths_that_hold_nothing_to_read_are_refused(tmp_path: Path) -> None:
    assert "n'existe pas" in refusal(tmp_path / "absent")
    assert "aucun fichier" in refusal(tmp_path)
    os.mkfifo(tmp_path / "tube.json")
    assert "ni un fichier" in refusal(tmp_path / "tube.json")
    assert "aucun fichier" in refusal(tmp_path)


def test_a_name_cannot_play_with_the_terminal() -> None:
    assert sources.shown("a\x1b[2Jb\udcff.json") == "a?[2Jb\ufffd.json"


def test_patients_without_a_source_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(make.ndjson(make.patient("p1"), make.patient("p2", identifier=[])))
    assert "--source" in refusal(tmp_path)
    assert len(read(tmp_path, source="labo")[0]) == 2


_ESCAPES = {
    "a file": "open('/etc/hostname')",
    "a socket": "__import__('socket').socket()",
    "a process": "__import__('os').fork()",
    "its limits": "__import__('resource').setrlimit(7, (64, 64))",
    "root": "__import__('os').setuid(0) if __import__('os').getuid() else 1/0",
}


@pytest.mark.parametrize("what", _ESCAPES)
def test_the_confined_process_cannot_reach(what: str) -> None:
    if os.geteuid() != 0 and what == "a process":
        pytest.skip("the number of processes of an account that has others already counts them all")
    code = "import os, socket, resource\nfrom egide.interop.fhir.limits import confine\nconfine()\n"
    code += f"try:\n {_ESCAPES[what]}\nexcept BaseException:\n os._exit(7)\nos._exit(0)"
    environment = {"PYTHONPATH": str(Path(reading.__file__).resolve().parents[3])}
    assert subprocess.run([sys.executable, "-P", "-c", code], env=environment, check=False).returncode == 7


def test_progress_counts_the_bytes_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(make.ndjson(make.patient()) * 10)
    seen: list[int] = []
    note: Callable[[int], None] = seen.append
    with reading.read(files_of([tmp_path]), "", note) as found:
        assert found.size == sum(seen)
    assert sum(seen) == (tmp_path / "a.ndjson").stat().st_size
