"""Keys that seal no value are renewed on a base that serves: what they marked is brought over, then retired."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from errno import EDQUOT, ENOSPC, EROFS
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from egide.accounts.tests.people import Office
from egide.cli.keys import SENTENCES
from egide.gate.tests import rescued
from egide.gate.tests.factories import Hospital, Person
from egide.keeper import enrolled, masters
from egide.keeper.custody import Custody
from egide.keeper.enrolled import Marks
from egide.keeper.possession import point_of
from egide.keeper.sessions import No, connect
from egide.keeper.stations import mark
from egide.keeper.tests.swept import Swept
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import Workstation


@pytest.fixture
def office(hospital: Hospital) -> Office:
    return Office(hospital)


@pytest.fixture
def swept(hospital: Hospital) -> Iterator[Swept]:
    # codes that other tests left would hold every retirement until they end
    hospital.sql("UPDATE accounts.invitation SET expires_at = created_at WHERE used_at IS NULL")
    hospital.sql("UPDATE accounts.act SET refused_at = now() WHERE done_at IS NULL AND half_a IS NOT NULL")
    with connect(hospital.home) as conn:
        yield Swept(hospital, conn)


def refused(act: "object", code: str) -> None:
    with pytest.raises(Refused) as caught:
        act()  # type: ignore[operator]
    assert caught.value.code == code


def test_sign_in_keys_sign_in_before_during_and_after_their_marks_are_renewed(
    hospital: Hospital, office: Office, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hospital.person("nurse")
    sweep = swept.begun("enrol")
    during = hospital.person("nurse")
    assert hospital.sign_in(before)
    assert hospital.sign_in(during)
    monkeypatch.setattr(enrolled, "SLICE", 2)
    total = sweep.left()
    killed = sweep.run()
    moved = sum(next(killed) for _ in range(3))  # rescues, workstations, the first keys
    del killed
    assert sweep.left() == total - moved
    assert moved < total
    refused(lambda: swept.retire("enrol"), "still_used")
    assert hospital.ops.call("rotate", key="enrol")["version"] == swept.keys("enrol").live("enrol")  # no third one
    assert sum(sweep.run()) == total - moved
    swept.retire("enrol")
    assert hospital.sign_in(before)
    assert hospital.sign_in(during)


def test_a_code_half_given_under_either_version_enrols_a_key_and_holds_the_retirement_until_it_served(
    hospital: Hospital, office: Office, swept: Swept
) -> None:
    body = office.new()
    act = office.ask("create_person", body)
    first = office.yes(act)["half"]
    sweep = swept.begun("enrol")
    second = office.yes(act, office.second)["half"]
    list(sweep.run())
    refused(lambda: swept.retire("enrol"), "still_used")
    assert sweep.unreadable["accounts.invitation"] == 1
    arrived = office.arrived(body, (first, second))
    swept.retire("enrol")
    assert hospital.sign_in(arrived)


def test_a_key_written_with_a_stolen_version_is_left_named_and_dead_once_that_version_is_retired(
    hospital: Hospital, swept: Swept
) -> None:
    victim = hospital.person("physician")
    stolen = swept.keys("enrol")
    thief, row = SoftKey.make(victim.username, victim.account, "localhost"), uuid4()
    mark = Marks(stolen.keys["enrol"]).new((row, victim.account, thief.credential_id, thief.cose, thief.aaguid))
    hospital.sql(
        "INSERT INTO accounts.key (id, account, credential_id, public_key, aaguid, mac)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        row, victim.account, thief.credential_id, thief.cose, thief.aaguid, mark,
    )  # fmt: skip
    forged = Person(victim.account, victim.username, victim.name, victim.profession, victim.site, (), thief)
    assert hospital.sign_in(forged)  # that is what the theft of this key is worth
    sweep = swept.begun("enrol")
    list(sweep.run())
    assert sweep.unreadable["accounts.key"] >= 1
    swept.retire("enrol")
    refused(lambda: hospital.sign_in(forged), "forged_key")
    assert hospital.sign_in(victim)


def test_a_rescue_opened_before_serves_after(hospital: Hospital, swept: Swept) -> None:
    person = hospital.person("nurse")
    telephone = rescued.opened(hospital, person)
    sweep = swept.begun("enrol")
    assert rescued.sign_in(hospital, person, telephone)
    list(sweep.run())
    swept.retire("enrol")
    assert rescued.sign_in(hospital, person, telephone)


def test_a_workstation_that_nobody_approved_is_counted_left_and_none_once_the_former_version_is_retired(
    hospital: Hospital, swept: Swept
) -> None:
    stolen, machine, row = swept.keys("enrol").keys["enrol"], Workstation(), uuid4()
    point, person = point_of(machine.point), hospital.person("nurse")
    hospital.sql(
        "INSERT INTO accounts.workstation (id, site, name, point, mac, enrolled_by) VALUES (%s, %s, %s, %s, %s, %s)",
        row, hospital.site, f"Écrit {row}", point, mark(stolen[max(stolen)], row, hospital.site, point), person.account,
    )  # fmt: skip
    sweep = swept.begun("enrol")
    before = hospital.value("SELECT mac FROM accounts.workstation WHERE id = %s", row)
    list(sweep.run())
    strange = hospital.value(
        "SELECT count(*) FROM accounts.workstation w WHERE ended_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = w.act)"
    )
    assert sweep.unreadable["accounts.workstation"] >= strange >= 1
    assert hospital.value("SELECT mac FROM accounts.workstation WHERE id = %s", row) == before
    swept.retire("enrol")
    hospital.sql("DELETE FROM accounts.workstation WHERE id = %s", row)


def test_each_session_that_a_renewal_closes_is_a_row(hospital: Hospital, swept: Swept) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    after = hospital.sign_in(hospital.person("nurse", hospital.unit()))
    session = UUID(bytes=hospital.web.call("who", cookie=cookie)["actor"]["session"])
    began = "UPDATE accounts.session SET created_at = created_at - interval '9 years' WHERE id = %s"
    hospital.sql(began, session)
    year = datetime.now(UTC) - timedelta(days=365)
    assert hospital.value("SELECT accounts.end_sessions_before(%s)", year) == 1
    found = hospital.entries(account=person.account, kind="revoke")
    assert [(one["reason"], one["session"]) for one in found] == [("key_renewed", session)]
    refused(lambda: hospital.web.call("who", cookie=cookie), "session_ended")
    assert hospital.web.call("who", cookie=after)


class Line:
    """Stands for the keeper's connection: what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def execute(self, statement: str, *_: object) -> "Line":
        self.asked.append(statement)
        return self

    def fetchone(self) -> dict[str, int]:
        return {"n": 0}


@pytest.fixture
def custody(tmp_path: Path) -> Custody:
    home = Home(tmp_path)
    home.keeper_birth.parent.mkdir(parents=True, exist_ok=True)
    masters.make(home.keeper_masters, home.keeper_birth, demo=True)
    made = Custody(home)
    made.on_change = lambda _: None
    assert made.begin()
    return made


@pytest.mark.parametrize(("number", "code"), [(ENOSPC, "disk_full"), (EDQUOT, "disk_full"), (EROFS, "keys_unwritten")])
def test_a_key_that_cannot_be_written_is_said_and_changes_nothing(
    custody: Custody, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def no(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(masters, "add_version", no)
    line = Line()
    with pytest.raises(No, match=code):
        custody.rotate(line, "clinical")
    assert (line.asked, code in SENTENCES) == ([], True)


def test_nobody_is_put_out_for_a_retirement_that_cannot_be(custody: Custody, tmp_path: Path) -> None:
    line = Line()
    custody.rotate(line, "session")
    line.asked.clear()
    aside = Home(tmp_path).keeper_masters.parent / "retired"
    aside.write_text("")  # a file where the folder should be
    with pytest.raises(No, match="keys_unwritten"):
        custody.retire(line, "session", 1, at_once=True)
    assert line.asked == []
    aside.unlink()
    custody.retire(line, "session", 1, at_once=True)
    assert "end_sessions_before" in line.asked[0]
    assert sorted(one.name for one in aside.iterdir()) == ["session.1.key", "ticket.1.key"]
