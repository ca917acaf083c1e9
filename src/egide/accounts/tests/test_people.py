"""People created, granted, stopped and ended, and their keys: each act by the persons it asks for, and by no other."""

from uuid import UUID

import pytest

from egide.accounts.tests.people import Office
from egide.gate.tests.factories import Hospital
from egide.kernel.capabilities import Refused


@pytest.fixture
def office(hospital: Hospital) -> Office:
    return Office(hospital)


def refused(act: "object", code: str) -> None:
    with pytest.raises(Refused) as caught:
        act()  # type: ignore[operator]
    assert caught.value.code == code


def test_a_physician_created_by_two_enrols_her_key_and_opens_a_patient_of_her_unit(office: Office) -> None:
    unit = office.hospital.unit(office.site)
    patient = office.hospital.patient(unit, site=office.site)
    body = office.new("physician", unit)
    physician = office.arrived(body, office.done("create_person", body))
    cookie = office.hospital.sign_in(physician)
    answer = office.hospital.open(cookie, patient.id, read=("identity", "clinical"), write=("clinical",))
    assert [UUID(bytes=one) for one in answer["ids"]] == [patient.id]
    kinds = [
        (one["kind"], one["verdict"]) for one in office.hospital.entries() if body["account"] in (one["object"] or "")
    ]
    assert kinds == [("person", "created"), ("grant", "granted"), ("key", "handed")]


def test_one_administrator_alone_creates_nobody(office: Office) -> None:
    body = office.new()
    act = office.ask("create_person", body)
    assert office.yes(act)["state"] == "waiting"
    refused(lambda: office.yes(act), "same_person")
    assert not office.hospital.sql("SELECT 1 FROM accounts.account WHERE id = %s", UUID(body["account"]))
