"""Sign-in by key: a fresh challenge, this origin, this site, a verified user, a growing counter; else refused."""

import base64
import dataclasses
import json
import secrets
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate.tests.factories import Hospital, Person
from egide.keeper import masters, signin, verbs
from egide.kernel.capabilities import Refused
from egide.kernel.softkey_id import SOFTWARE_AAGUID
from egide.rehearsal.softkey import SoftKey, b64, unb64
from egide.rehearsal.workstation import Bearer, Workstation

HERE = Workstation()
POINT = HERE.point


def begin(hospital: Hospital) -> tuple[str, dict[str, Any]]:
    begun = hospital.web.call("sign_in", step="begin")
    return begun["challenge_id"], begun["options"]


def finish(hospital: Hospital, challenge_id: str, response: dict[str, Any]) -> dict[str, Any]:
    return hospital.web.call(
        "sign_in", step="finish", challenge_id=challenge_id, response=response, device="x", device_key=POINT
    )


def refused(hospital: Hospital, challenge_id: str, response: dict[str, Any]) -> str:
    with pytest.raises(Refused) as refusal:
        finish(hospital, challenge_id, response)
    return refusal.value.code


def rows(hospital: Hospital, person: Person, kind: str = "sign_in_refused") -> list[str | None]:
    return [row["reason"] for row in hospital.entries(account=person.account, kind=kind)]


def sessions(hospital: Hospital, person: Person) -> int:
    return int(hospital.value("SELECT count(*) FROM accounts.session WHERE account = %s", person.account))


def test_the_options_ask_for_a_verified_user_and_name_no_key(hospital: Hospital) -> None:
    _, options = begin(hospital)
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert not options.get("allowCredentials")
    assert len(unb64(options["challenge"])) >= 16
    assert begin(hospital)[1]["challenge"] != options["challenge"]


def test_a_key_signs_its_account_in(hospital: Hospital) -> None:
    unit = hospital.unit()
    person = hospital.person("nurse", unit)
    challenge_id, options = begin(hospital)
    answer = finish(hospital, challenge_id, person.key.assertion(options, hospital.origin))
    actor = answer["actor"]
    assert (UUID(bytes=actor["account"]), actor["profession"], actor["grade"]) == (person.account, "nurse", "strong")
    assert actor["units"] == [unit.bytes]
    assert len(rows(hospital, person, "sign_in")) == 1
    assert hospital.web.call("who", cookie=Bearer.of(answer["cookie"], HERE))["actor"] == actor


def test_a_key_without_user_verification_is_refused(hospital: Hospital) -> None:
    person = hospital.person()
    challenge_id, options = begin(hospital)
    response = person.key.assertion(options, hospital.origin, verified=False)
    assert refused(hospital, challenge_id, response) == "no_user_verification"
    assert rows(hospital, person) == ["no_user_verification"]
    assert sessions(hospital, person) == 0


def test_a_replayed_answer_is_refused(hospital: Hospital) -> None:
    person = hospital.person()
    challenge_id, options = begin(hospital)
    response = person.key.assertion(options, hospital.origin)
    finish(hospital, challenge_id, response)
    assert refused(hospital, challenge_id, response) == "challenge_ended"
    assert refused(hospital, begin(hospital)[0], response) == "bad_assertion"
    assert rows(hospital, person) == ["challenge_ended", "bad_assertion"]
    assert sessions(hospital, person) == 1


def test_a_challenge_is_used_once_even_when_it_failed(hospital: Hospital) -> None:
    person = hospital.person()
    challenge_id, options = begin(hospital)
    assert refused(hospital, challenge_id, person.key.assertion(options, "http://evil.example")) == "bad_assertion"
    assert refused(hospital, challenge_id, person.key.assertion(options, hospital.origin)) == "challenge_ended"


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "https://localhost:8499", "http://localhost:8500", "http://evil.example", "http://127.0.0.1:8499",
     "http://localhost:8499.evil.example", ""],
)  # fmt: skip
def test_another_origin_is_refused(hospital: Hospital, origin: str) -> None:
    person = hospital.person()
    challenge_id, options = begin(hospital)
    assert refused(hospital, challenge_id, person.key.assertion(options, origin)) == "bad_assertion"


def test_a_key_of_another_site_is_refused(hospital: Hospital) -> None:
    """The authenticator signs the hash of the site it believes it is on."""
    person = hospital.person()
    challenge_id, options = begin(hospital)
    elsewhere = dataclasses.replace(person.key, rp_id="evil.example")
    response = elsewhere.assertion(options | {"rpId": "evil.example"}, hospital.origin)
    assert refused(hospital, challenge_id, response) == "bad_assertion"


def changed(response: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**response, "response": {**response["response"], name: value}}


def client_data(response: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = json.loads(unb64(response["response"]["clientDataJSON"])) | changes
    return changed(response, "clientDataJSON", b64(json.dumps(data).encode()))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: changed(r, "signature", b64(b"\x00" * 70)),
        lambda r: changed(r, "signature", ""),
        lambda r: changed(r, "authenticatorData", b64(b"\x00" * 37)),
        lambda r: changed(r, "authenticatorData", b64(unb64(r["response"]["authenticatorData"])[:-1] + b"\xff")),
        lambda r: changed(r, "authenticatorData", b64(b"")),
        lambda r: changed(r, "userHandle", b64(uuid4().bytes)),
        lambda r: changed(r, "userHandle", b64(b"x")),
        lambda r: client_data(r, type="webauthn.create"),
        lambda r: client_data(r, challenge=b64(secrets.token_bytes(32))),
        lambda r: client_data(r, crossOrigin=True),
        lambda r: changed(r, "clientDataJSON", "é"),
        lambda r: changed(r, "clientDataJSON", b64(b"[]")),
        lambda r: {**r, "response": None},
        lambda r: {**r, "response": {}},
        lambda r: {"rawId": r["rawId"]},
        lambda r: {**r, "id": b64(b"another")},
    ],
)
def test_an_answer_that_was_touched_is_refused(hospital: Hospital, spoil: Any) -> None:
    person = hospital.person()
    challenge_id, options = begin(hospital)
    response = spoil(person.key.assertion(options, hospital.origin))
    assert refused(hospital, challenge_id, response) in {"bad_assertion", "no_user_verification"}
    assert sessions(hospital, person) == 0
    assert len(rows(hospital, person)) == 1


def test_an_answer_signed_by_another_key_is_refused(hospital: Hospital) -> None:
    person, thief = hospital.person(), hospital.person()
    challenge_id, options = begin(hospital)
    mixed = dataclasses.replace(person.key, private=thief.key.private)
    assert refused(hospital, challenge_id, mixed.assertion(options, hospital.origin)) == "bad_assertion"


def test_an_unknown_key_is_refused_and_recorded(hospital: Hospital) -> None:
    before = len(hospital.entries(kind="sign_in_refused", reason="unknown_key"))
    challenge_id, options = begin(hospital)
    stranger = SoftKey.make("x", uuid4(), "localhost")
    assert refused(hospital, challenge_id, stranger.assertion(options, hospital.origin)) == "unknown_key"
    assert len(hospital.entries(kind="sign_in_refused", reason="unknown_key")) == before + 1


@pytest.mark.parametrize(
    ("counts", "last"),
    [((7, 8, 9), True), ((7, 7), False), ((7, 6), False), ((7, 0), False), ((0, 0, 0), True), ((0, 1), True)],
)
def test_a_counter_that_does_not_grow_is_a_copied_key(hospital: Hospital, counts: tuple[int, ...], last: bool) -> None:
    """WebAuthn level 2 §7.2 step 21: once one side has counted, each signature must count higher."""
    person = hospital.person()
    for count in counts[:-1]:
        hospital.sign_in(person, counter=count)
    if last:
        assert hospital.sign_in(person, counter=counts[-1])
    else:
        with pytest.raises(Refused, match="bad_assertion"):
            hospital.sign_in(person, counter=counts[-1])
        assert sessions(hospital, person) == len(counts) - 1
        assert rows(hospital, person) == ["bad_assertion"]


def test_two_sign_ins_of_one_key_at_once_count_apart(hospital: Hospital) -> None:
    """The same counter in two answers: one of them is a copy."""
    person = hospital.person()
    (first, one), (second, two) = begin(hospital), begin(hospital)
    finish(hospital, first, person.key.assertion(one, hospital.origin, counter=5))
    assert refused(hospital, second, person.key.assertion(two, hospital.origin, counter=5)) == "bad_assertion"


# ── keys that nobody enrolled ───────────────────────────────────────────────────────────────────────────────────────


def test_a_key_row_written_by_the_owner_of_the_base_signs_nobody_in(hospital: Hospital) -> None:
    victim = hospital.person("physician")
    planted = SoftKey.make(victim.username, victim.account, "localhost")
    for mac in (bytes(32), secrets.token_bytes(32), b""):
        hospital.sql(
            "INSERT INTO accounts.key (account, credential_id, public_key, aaguid, mac) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (credential_id) DO UPDATE SET mac = excluded.mac",
            victim.account, planted.credential_id, planted.cose, SOFTWARE_AAGUID, mac,
        )  # fmt: skip
        challenge_id, options = begin(hospital)
        assert refused(hospital, challenge_id, planted.assertion(options, hospital.origin)) == "forged_key"
    assert rows(hospital, victim) == ["forged_key"] * 3
    assert sessions(hospital, victim) == 0


@pytest.mark.parametrize("column", ["account", "public_key", "credential_id", "aaguid", "id"])
def test_a_genuine_key_row_turned_to_another_use_is_refused(hospital: Hospital, column: str) -> None:
    """A thief's own key, its row altered in the base to be a physician's."""
    thief, victim = hospital.person("nurse"), hospital.person("physician")
    key = thief.key
    value: Any = {
        "account": victim.account, "public_key": victim.key.cose, "credential_id": secrets.token_bytes(32),
        "aaguid": uuid4(), "id": uuid4(),
    }[column]  # fmt: skip
    hospital.sql(f"UPDATE accounts.key SET {column} = %s WHERE account = %s", value, thief.account)  # noqa: S608
    if column == "credential_id":
        key = dataclasses.replace(key, credential_id=value)
    if column == "account":
        key = dataclasses.replace(key, account=victim.account)
    challenge_id, options = begin(hospital)
    assert refused(hospital, challenge_id, key.assertion(options, hospital.origin)) == "forged_key"


def test_a_session_row_written_by_the_owner_of_the_base_opens_nothing(hospital: Hospital) -> None:
    """The row is there; the cookie that would name it cannot be made without the keeper's key."""
    victim, session = hospital.person("physician", hospital.unit()), uuid4()
    hospital.sql(
        "INSERT INTO accounts.session (id, account, profession, grade, ticket_hash, expires_at)"
        " VALUES (%s, %s, 'physician', 'strong', sha256('x'), now() + interval '1 day')",
        session, victim.account,
    )  # fmt: skip
    for mac in (bytes(32), secrets.token_bytes(32)):
        cookie = base64.urlsafe_b64encode(session.bytes + victim.account.bytes + mac).rstrip(b"=").decode()
        with pytest.raises(Refused, match="session_ended"):
            hospital.web.call("who", cookie=cookie)
    assert {row["reason"] for row in hospital.entries(account=victim.account, kind="refuse")} == {"forged_session"}


def test_a_revoked_key_and_an_ended_account_sign_nobody_in(hospital: Hospital) -> None:
    person = hospital.person()
    spare = SoftKey.make(person.username, person.account, "localhost")
    hospital.enrol(person, spare)
    hospital.sql("UPDATE accounts.key SET revoked_at = now() WHERE credential_id = %s", person.key.credential_id)
    with pytest.raises(Refused, match="unknown_key"):
        hospital.sign_in(person)
    assert hospital.sign_in(dataclasses.replace(person, key=spare))
    hospital.sql("UPDATE accounts.account SET ended_at = now() WHERE id = %s", person.account)
    with pytest.raises(Refused, match="unknown_key"):
        hospital.sign_in(dataclasses.replace(person, key=spare))


def test_nobody_without_a_present_profession_signs_in(hospital: Hospital) -> None:
    person = hospital.person("nurse")
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", person.account)
    with pytest.raises(Refused, match="bad_assertion"):
        hospital.sign_in(person)


def test_enrolling_again_changes_nothing_and_an_unknown_account_has_no_key(hospital: Hospital) -> None:
    person = hospital.person()
    hospital.enrol(person, person.key)
    assert hospital.value("SELECT count(*) FROM accounts.key WHERE account = %s", person.account) == 1
    key = SoftKey.make("x", uuid4(), "localhost")
    with pytest.raises(Refused, match="unknown_account"):
        hospital.ops.call(
            "enrol", account=key.account.bytes, credential_id=key.credential_id, public_key=key.cose,
            aaguid=key.aaguid.bytes,
        )  # fmt: skip


# ── a base that is no demonstration ─────────────────────────────────────────────────────────────────────────────────


ONE = uuid4().bytes


class NoTrail:
    """Stands for the sequencer."""

    def expect(self, entry_id: int, leaf: bytes) -> None: ...

    def health(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def real(hospital: Hospital, tmp_path: Path) -> verbs.Verbs:
    """The verbs with keys of their own, born for care and not for show."""
    masters.make(tmp_path / "masters", tmp_path / "birth.json", demo=False)
    keys = masters.load(tmp_path / "masters", tmp_path / "birth.json")
    assert not keys.demo
    return verbs.Verbs(keys, signin.Ceremony(hospital.origin), NoTrail())


def played(real: verbs.Verbs, hospital: Hospital, person: Person, aaguid: UUID) -> dict[str, Any]:
    """Sign in there with a key of this model, its row genuine (the mac is that keeper's own)."""
    key, row = SoftKey.make(person.username, person.account, "localhost"), uuid4()
    mac = real._enrolment._marks.new((row, person.account, key.credential_id, key.cose, aaguid))
    hospital.sql(
        "INSERT INTO accounts.key (id, account, credential_id, public_key, aaguid, mac)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        row, person.account, key.credential_id, key.cose, aaguid, mac,
    )  # fmt: skip
    with hospital.connect("keeper") as conn:
        conn.row_factory = psycopg.rows.dict_row
        begun = real.answer("web", conn, {"verb": "sign_in", "step": "begin"})
        response = key.assertion(begun["options"], hospital.origin)
        return real.answer(
            "web", conn,
            {"verb": "sign_in", "step": "finish", "challenge_id": begun["challenge_id"], "response": response,
             "device_key": POINT},
        )  # fmt: skip


def test_a_software_key_is_refused_on_any_base_but_a_demo(hospital: Hospital, real: verbs.Verbs) -> None:
    person = hospital.person("nurse")
    assert played(real, hospital, person, SOFTWARE_AAGUID) == {"refused": "software_key"}
    assert rows(hospital, person) == ["software_key"]
    assert "cookie" in played(real, hospital, person, uuid4())  # the same key as another model: it was the model


def test_nothing_is_enrolled_and_no_demo_is_loaded_there(hospital: Hospital, real: verbs.Verbs) -> None:
    person = hospital.person("nurse")
    with hospital.connect("keeper") as conn:
        conn.row_factory = psycopg.rows.dict_row
        enrolled = real.answer(
            "ops",
            conn,
            {
                "verb": "enrol",
                "account": person.account.bytes,
                "credential_id": b"x",
                "public_key": b"y",
                "aaguid": ONE,
            },
        )
        loaded = real.answer(
            "worker",
            conn,
            {"verb": "sign_in", "step": "application", "site": ONE, "manifest": "00" * 32, "purpose": "demo"},
        )
    assert enrolled == loaded == {"refused": "not_a_demo"}


def test_a_cookie_of_another_keeper_is_forged_here(hospital: Hospital, real: verbs.Verbs) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    with hospital.connect("keeper") as conn:
        conn.row_factory = psycopg.rows.dict_row
        assert real.answer("web", conn, {"verb": "who", "cookie": str(cookie)}) == {"refused": "session_ended"}
        for forged in (hospital.web.passing(cookie), str(cookie)):
            given = [cookie.workstation.proof("GET", "/")]
            asked = {"verb": "prove", "cookie": forged, "method": "GET", "path": "/", "given": given}
            assert real.answer("web", conn, asked) == {"refused": "session_ended"}
        assert real.answer("web", conn, {"verb": "who", "cookie": hospital.web.passing(cookie)}) == {
            "refused": "session_ended"
        }


# ── challenges ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_challenge_ends_after_three_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    ceremony, key = signin.Ceremony("http://localhost:1"), SoftKey.make("x", uuid4(), "localhost")
    challenge_id, options = ceremony.begin()
    later = time.time() + signin.CHALLENGE_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(signin.BadAssertion, match="challenge_ended"):
        ceremony.finish(
            challenge_id,
            key.assertion(options, "http://localhost:1"),
            key.account,
            key.credential_id,
            key.aaguid,
            key.cose,
        )


def test_a_flood_of_challenges_drives_nobodys_out() -> None:
    ceremony, key = signin.Ceremony("http://localhost:1"), SoftKey.make("x", uuid4(), "localhost")
    challenge_id, options = ceremony.begin()
    for _ in range(30_000):
        ceremony.begin()
    made = key.assertion(options, "http://localhost:1")
    assert ceremony.finish(challenge_id, made, key.account, key.credential_id, key.aaguid, key.cose) > 0
    with pytest.raises(signin.BadAssertion, match="challenge_ended"):
        ceremony.finish(challenge_id, made, key.account, key.credential_id, key.aaguid, key.cose)


def test_challenges_that_came_back_are_let_go_once_they_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "SWEPT_AT", 10)
    ceremony, key = signin.Ceremony("http://localhost:1"), SoftKey.make("x", uuid4(), "localhost")
    for _ in range(20):
        with pytest.raises(signin.BadAssertion):
            ceremony.finish(ceremony.begin()[0], {}, key.account, key.credential_id, key.aaguid, key.cose)
    later = time.time() + signin.CHALLENGE_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(signin.BadAssertion):
        ceremony.finish(ceremony.begin()[0], {}, key.account, key.credential_id, key.aaguid, key.cose)
    assert len(ceremony._used) == 1


@pytest.mark.parametrize("made_up", ["", "x", "A" * 43, "_" * 43, "é"])
def test_a_made_up_challenge_is_none(made_up: str) -> None:
    ceremony, key = signin.Ceremony("http://localhost:1"), SoftKey.make("x", uuid4(), "localhost")
    with pytest.raises(signin.BadAssertion, match="challenge_ended"):
        ceremony.finish(made_up, {}, key.account, key.credential_id, key.aaguid, key.cose)


# ── two live versions of a key ──────────────────────────────────────────────────────────────────────────────────────


def test_an_opening_carries_every_live_version_of_a_key(hospital: Hospital, tmp_path: Path) -> None:
    """While a rotation runs, both versions are opened: the old values are read, new ones are sealed by the newest."""
    masters.make(tmp_path / "masters", tmp_path / "birth.json", demo=False)
    (tmp_path / "masters" / "clinical.2.key").write_bytes(secrets.token_bytes(32))
    keys = masters.load(tmp_path / "masters", tmp_path / "birth.json")
    rotating = verbs.Verbs(keys, signin.Ceremony(hospital.origin), NoTrail())
    unit = hospital.unit()
    patient = hospital.patient(unit)
    signed_in = played(rotating, hospital, hospital.person("nurse", unit), uuid4())
    with hospital.connect("keeper") as conn:
        conn.row_factory = psycopg.rows.dict_row
        asked = {"cookie": signed_in["cookie"], "method": "GET", "path": "/", "given": [HERE.proof("GET", "/")]}
        passed = rotating.answer("web", conn, {"verb": "prove", **asked})
        answer = rotating.answer(
            "web",
            conn,
            {"verb": "open", "cookie": passed["pass"], "ids": [patient.id.bytes], "purpose": "care",
             "read": ["identity", "clinical"], "write": []},
        )  # fmt: skip
    versions = {category: set(given) for _, category, given in answer["keys"]}
    assert versions == {"identity": {1}, "clinical": {1, 2}}
    given = {category: keys for _, category, keys in answer["keys"]}
    assert len(set(given["clinical"].values()) | set(given["identity"].values())) == 3
