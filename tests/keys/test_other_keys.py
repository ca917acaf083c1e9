"""Keys that seal no value of a patient: renewed by the operator's commands on a clinic that serves."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from egide.kernel.checkpoint import SEPARATOR, Checkpoint, VerifyKey, open_note, sign, split_log
from egide.rehearsal.signin import Visitor
from tests.journeys.clinic import Clinic, eventually
from tests.keys.console import a_chart, say, signed_in, versions_of


def test_the_trail_verifies_through_a_change_of_its_key_a_retirement_and_a_restart(
    clinic: Clinic, nurse: Visitor, tmp_path: Path
) -> None:
    chart = a_chart(clinic, nurse)
    trail, own = clinic.home.keeper_trail, tmp_path / "own.vkey"
    shutil.copy(trail / "checkpoint.vkey", own)
    told = clinic.run("keys", "rotate", "checkpoint")
    clinic.run("keys", "retire", "checkpoint", "1")
    assert set(versions_of(clinic, "checkpoint")) == {2}
    clinic.kill("keeper", held=False)
    eventually(lambda: nurse.get(chart).status == 200, 60)  # born under the first key, it starts under the second
    new = tmp_path / "new.vkey"
    new.write_text((trail / "latest.vkey").read_text())
    assert new.read_text().strip() in told
    for key in (own, new):
        assert "changé 1 fois" in say(clinic, "audit", "verify", "--key", str(key))
    stranger = tmp_path / "stranger.vkey"
    stranger.write_text(
        str(VerifyKey(f"egide/{clinic.home.base().base_id}", Ed25519PrivateKey.generate().public_key()))
    )  # type: ignore[union-attr]
    assert "other_key" in say(clinic, "audit", "verify", "--key", str(stranger), expected=1)


def test_the_retired_key_signs_no_checkpoint_that_a_verifier_takes(clinic: Clinic, tmp_path: Path) -> None:
    stolen = Ed25519PrivateKey.from_private_bytes((clinic.home.keeper / "retired" / "checkpoint.1.key").read_bytes())
    copy = tmp_path / "trail"
    shutil.copytree(clinic.home.keeper_trail, copy)
    log = copy / "checkpoints.log"
    latest = VerifyKey.parse((copy / "latest.vkey").read_text())
    last = open_note(split_log(log.read_text())[-1], latest)
    forged = Checkpoint(last.origin, last.size, bytes(32), datetime.now(UTC))
    with log.open("a") as file:
        file.write(sign(forged, stolen) + SEPARATOR)
    assert "n'est pas signé par la clé du gardien" in say(clinic, "audit", "verify", "--trail", str(copy), expected=1)


def test_the_marks_of_sign_in_keys_are_renewed_and_everybody_signs_in(clinic: Clinic, nurse: Visitor) -> None:
    chart = a_chart(clinic, nurse)
    told = clinic.run("keys", "rotate", "enrol")
    keys = clinic.sql("SELECT count(*) FROM accounts.key")[0][0]
    assert f"{keys} valeurs reprises" in told
    clinic.run("keys", "retire", "enrol", "1")
    assert "n'a pas cette version" in say(clinic, "keys", "retire", "enrol", "1", expected=1)
    assert nurse.get(chart).status == 200  # whoever was at work stays at work
    with signed_in(clinic) as again:
        assert again.get(chart).status == 200


def test_search_tokens_are_renewed_by_the_console_and_the_former_version_is_refused(clinic: Clinic) -> None:
    persons = clinic.sql("SELECT count(DISTINCT patient_id) FROM identity.token")[0][0]
    assert f"{persons} valeurs reprises" in clinic.run("keys", "rotate", "token")
    clinic.run("keys", "retire", "token", "1")
    assert clinic.sql("SELECT DISTINCT version FROM identity.token") == [(2,)]
    sources = clinic.sql("SELECT count(*) FROM gate.token WHERE kind = 'SRC'")[0][0]
    told = clinic.run("keys", "rotate", "source")
    assert f"{sources} valeurs reprises" in told
    assert "maillons" in told
    assert "maillon" in say(clinic, "keys", "retire", "source", "1", expected=1)
    assert f"{sources} valeurs" in clinic.run("keys", "rotate", "source")  # again, whole: nothing was unfinished
    assert clinic.sql("SELECT DISTINCT version FROM gate.token WHERE kind = 'SRC'") == [(3,)]


def test_without_its_base_the_keeper_says_so_and_no_key_is_made(clinic: Clinic) -> None:
    keys = sorted(path.name for path in clinic.home.keeper_masters.iterdir())
    clinic.kill("postgres")
    try:
        told = say(clinic, "keys", "rotate", "ins", expected=1)
    finally:
        clinic.release()
    assert "sa base ne lui répond pas" in told
    eventually(clinic.answers)
    assert sorted(path.name for path in clinic.home.keeper_masters.iterdir()) == keys
