"""The life of the keeper's keys on a clinic that serves: renewed, retired, stolen, put under a passphrase."""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import UUID

import pytest

from egide.keeper import resealing
from egide.keeper.client import Keeper
from egide.keeper.resealing import left
from egide.keeper.sessions import connect
from egide.kernel import sealing
from egide.rehearsal.signin import Visitor
from tests.journeys.clinic import Clinic, eventually
from tests.keys.console import a_chart, headers, say, signed_in, versions_of

PHRASE = "six mots tirés au sort pour ce test"


def test_a_key_is_renewed_while_pages_read_and_write(clinic: Clinic, nurse: Visitor) -> None:
    chart = a_chart(clinic, nurse)
    before, seen, over = clinic.readings(), [], threading.Event()

    def work() -> None:
        with signed_in(clinic) as other:
            while not over.is_set() or len(seen) < 4:
                other.get(chart)
                seen.append(other.post(f"{chart}constantes/", {"pulse": "80", "comment": "pendant"}).status)
                seen.append(other.get(chart).status)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for key in ("clinical", "identity"):
            told = clinic.run("keys", "rotate", key)
            assert f"egide keys retire {key} 1" in told
            clinic.run("keys", "retire", key, "1")
    finally:
        over.set()
        worker.join()
    assert set(seen) <= {200, 302}, seen
    assert clinic.readings() > before
    assert headers(clinic, "identity_trait", "sealed") == {2}
    assert headers(clinic, "record_problem", "label") == {2}
    status = json.loads(clinic.run("keys", "status", "--json"))
    assert status["versions"]["clinical"] == [2]
    assert nurse.get(chart).status == 200
    acts = clinic.sql(
        "SELECT reason, object FROM audit.entry WHERE kind = 'keys' AND object LIKE 'identity%%' ORDER BY id"
    )
    assert acts == [("rotated", "identity.2"), ("retired", "identity.1")]
    # what is found is ranked by the finder, which took the new keys by itself
    answer = nurse.get("/patients/")
    assert answer.status == 200


def test_a_run_killed_half_way_is_ended_by_the_next(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Keeper(clinic.home.keeper_socket("ops"))
    door.call("rotate", key="contact")
    door.close()
    monkeypatch.setattr(resealing, "SLICE", 50)
    versions = versions_of(clinic, "contact")
    with connect(clinic.home) as conn:
        total = left(conn, "contact", versions)
        begun = resealing.Resealing(conn, "contact", versions).run()
        assert next(begun) == 50
        begun.close()  # as a kill between two slices
        assert left(conn, "contact", versions) == total - 50
    assert headers(clinic, "identity_contact", "sealed") == {1, 2}
    assert "encore à cette version" in say(clinic, "keys", "retire", "contact", "1", expected=1)
    assert f"{total - 50} valeurs" in clinic.run("keys", "rotate", "contact")
    assert headers(clinic, "identity_contact", "sealed") == {2}
    clinic.run("keys", "retire", "contact", "1")
    assert set(versions_of(clinic, "contact")) == {2}


def test_a_stolen_key_opens_nothing_once_it_is_renewed_and_retired(clinic: Clinic) -> None:
    stolen = versions_of(clinic, "stay")[1]
    clinic.run("keys", "rotate", "stay")
    told = clinic.run("keys", "retire", "stay", "1")
    assert str(clinic.home.keeper / "retired" / "stay.1.key") in told

    def opened(master: bytes, version: int) -> int:
        count = 0
        for row_id, patient, sealed in clinic.sql("SELECT id, patient_id, nda FROM stays_stay"):
            keys = {version: sealing.patient_key(master, "stay", UUID(str(patient)))}
            try:
                sealing.unseal(keys, bytes(sealed), sealing.associated("stays_stay", "nda", row_id, "stay"))
            except sealing.CannotUnseal:
                continue
            count += 1
        return count

    assert opened(stolen, 1) == 0
    assert opened(stolen, 2) == 0
    assert opened(versions_of(clinic, "stay")[2], 2) == clinic.sql("SELECT count(*) FROM stays_stay")[0][0]


def test_a_lost_key_stops_the_keeper_by_name_and_its_backup_brings_everything_back(
    clinic: Clinic, nurse: Visitor
) -> None:
    chart = a_chart(clinic, nurse)
    lost = next(iter(clinic.home.keeper_masters.glob("coding.*.key")))
    backup = clinic.home.keeper / "backup"
    lost.rename(backup)
    clinic.kill("keeper", held=False)
    eventually(lambda: "missing: coding" in clinic.home.log_file("keeper").read_text(errors="replace"))
    assert nurse.get(chart).status == 503
    backup.rename(lost)
    eventually(lambda: nurse.get(chart).status == 200, 60)
    assert clinic.home.keeper_birth.exists()
    assert lost.name in {path.name for path in clinic.home.keeper_masters.iterdir()}


def test_sessions_go_on_while_their_key_is_renewed_and_end_at_once_when_asked(clinic: Clinic, nurse: Visitor) -> None:
    chart = a_chart(clinic, nurse)
    assert "--at-once" in clinic.run("keys", "rotate", "session")
    assert nurse.get(chart).status == 200  # planned, it stops nobody: she began under the former version
    with signed_in(clinic) as again:
        assert again.get(chart).status == 200
        assert "--at-once" in say(clinic, "keys", "retire", "session", "1", expected=1)
        clinic.run("keys", "retire", "session", "1", "--at-once")  # stolen, it ends what a thief may have forged
        assert nurse.get(chart).status in (302, 401)
        assert again.get(chart).status == 200


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("rotate", "row"), "ne se renouvelle pas"),
        (("rotate", "nonsense"), "ne se renouvelle pas"),
        (("retire", "ins", "1"), "scelle aujourd'hui"),
        (("retire", "ins", "7"), "n'a pas cette version"),
    ],
)
def test_what_cannot_be_is_one_sentence(clinic: Clinic, command: tuple[str, ...], words: str) -> None:
    assert words in say(clinic, "keys", *command, expected=1)


def test_a_keeper_under_a_passphrase_waits_for_it_and_pages_say_so(clinic: Clinic, nurse: Visitor) -> None:
    chart = a_chart(clinic, nurse)
    plain = [path.read_bytes() for path in clinic.home.keeper.rglob("*.key")]
    assert "trop courte" in say(clinic, "keys", "passphrase", typed="court\n", expected=1)
    assert "au coffre" in say(clinic, "keys", "passphrase", typed=f"{PHRASE}\n")
    assert nurse.get(chart).status == 200  # nobody is stopped by it
    written = b"".join(path.read_bytes() for path in clinic.home.keeper.rglob("*") if path.is_file())
    assert not [1 for key in plain if key in written]
    assert PHRASE.encode() not in written
    assert "pas la bonne" in say(clinic, "keys", "passphrase", typed=f"une autre phrase fausse\n{PHRASE}\n", expected=1)
    assert "au coffre" in say(clinic, "keys", "passphrase", typed=f"{PHRASE}\n{PHRASE} bis\n")
    clinic.kill("keeper", held=False)
    eventually(lambda: "attend sa phrase" in nurse.get(chart).text)
    answer = nurse.get(chart)
    assert answer.status == 503
    assert "pas la bonne" in say(clinic, "unlock", typed=f"{PHRASE}\n", expected=1)
    assert "attend sa phrase" in say(clinic, "keys", "status", expected=3)
    assert nurse.get(chart).status == 503
    assert "déverrouillé" in say(clinic, "unlock", typed=f"{PHRASE} bis\n")
    eventually(lambda: nurse.get(chart).status == 200)
    clinic.run("keys", "rotate", "ins")  # a key made under the passphrase is wrapped like the others
    assert {len(path.read_bytes()) for path in clinic.home.keeper_masters.glob("*.key")} == {60}


def test_the_life_of_keys_leaves_no_key_and_no_phrase_in_a_log(clinic: Clinic) -> None:
    said: list[Any] = [path.read_bytes() for path in clinic.home.log.rglob("*") if path.is_file()]
    everything = b"".join(said)
    assert PHRASE.encode() not in everything
    for key in ("ins", "stay"):
        for master in versions_of(clinic, key).values():
            assert master not in everything
            assert master.hex().encode() not in everything
