"""The key of search tokens is renewed while people are searched, created and imported: each is found throughout."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import EVERYTHING, Hospital
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name, find, ids
from egide.keeper import blinding
from egide.keeper.sessions import connect
from egide.keeper.tests.swept import Swept
from egide.kernel import tokens
from egide.kernel.capabilities import Refused


@pytest.fixture
def swept(hospital: Hospital) -> Iterator[Swept]:
    # ids and values that other tests left without a row, or spoiled, would hold the retirement: that is what it is for
    hospital.sql(
        "DELETE FROM identity.token t"
        " WHERE NOT EXISTS (SELECT 1 FROM identity_trait x WHERE x.patient_id = t.patient_id)"
    )
    with connect(hospital.home) as conn:
        yield Swept(hospital, conn)


def drawn(count: int) -> list[Drawn]:
    return [Drawn(a_name(), "JEANNE", a_day(), ipp=uuid4().hex[:9], phone=None) for _ in range(count)]


def looked_for(hospital: Hospital, cookie: Any, one: Drawn) -> list[UUID]:
    found: list[UUID] = ids(find(hospital, cookie, name=one.birth_name, first_name="Jeanne", birth_date=one.birth_date))
    return found


def test_everybody_is_found_before_during_and_after_and_the_former_tokens_are_gone(
    hospital: Hospital, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drawn(5)
    before = people(hospital, *made)
    former = {row[0] for row in hospital.sql("SELECT token FROM identity.token WHERE patient_id = ANY (%s)", before)}
    _, cookie = hospital.signed_in("physician")
    monkeypatch.setattr(blinding, "SLICE", 3)
    sweep = swept.begun("token")
    killed = sweep.run()
    assert next(killed) == 3
    del killed
    (arrived,) = drawn(1)
    (new,) = people(hospital, arrived)
    newest = swept.keys("token").live("token")
    assert hospital.sql("SELECT DISTINCT version FROM identity.token WHERE patient_id = %s", new) == [(newest,)]
    for one, patient in zip([*made, arrived], [*before, new], strict=True):
        assert looked_for(hospital, cookie, one) == [patient]
    with pytest.raises(Refused, match="still_used"):
        swept.retire("token")
    list(sweep.run())
    spoiled = set(hospital.sql("SELECT patient_id FROM identity.token WHERE version <> %s", newest))
    assert not spoiled & {(one,) for one in before}
    hospital.sql("DELETE FROM identity.token WHERE version <> %s", newest)  # of values that other tests spoiled
    swept.retire("token")
    _, again = hospital.signed_in("nurse")
    for one, patient in zip([*made, arrived], [*before, new], strict=True):
        assert looked_for(hospital, again, one) == [patient]
        assert ids(find(hospital, again, ipp=one.ipp)) == [patient]
    now = {row[0] for row in hospital.sql("SELECT token FROM identity.token WHERE patient_id = ANY (%s)", before)}
    assert not now & former


def test_what_a_page_spreads_while_her_tokens_are_renewed_stays(hospital: Hospital, swept: Swept) -> None:
    (one,) = drawn(1)
    (patient,) = people(hospital, one)
    sweep = swept.begun("token")
    newest = swept.keys("token").live("token")
    hospital.sql("INSERT INTO identity.token (token, patient_id, version) VALUES (42, %s, %s)", patient, newest)
    list(sweep.run())
    assert hospital.sql("SELECT 1 FROM identity.token WHERE token = 42 AND patient_id = %s", patient) == [(1,)]
    hospital.sql("DELETE FROM identity.token WHERE version <> %s OR token = 42", newest)
    swept.retire("token")


def test_an_id_whose_rows_are_not_there_yet_keeps_its_tokens_and_holds_the_retirement(
    hospital: Hospital, swept: Swept
) -> None:
    subject = {"src": [["test", uuid4().hex]], "traits": {"birth_name": [a_name()], "birth_date": ["1950-03-04"]}}
    answer = hospital.worker.call(
        "open_new", cookie=hospital.application(), subjects=[subject], purpose="import", read=EVERYTHING,
        write=EVERYTHING,
    )  # fmt: skip
    patient = UUID(bytes=answer["ids"][0])
    count = hospital.value("SELECT count(*) FROM identity.token WHERE patient_id = %s", patient)
    sweep = swept.begun("token")
    list(sweep.run())
    assert hospital.value("SELECT count(*) FROM identity.token WHERE patient_id = %s", patient) == count
    assert sweep.unreadable["identity.token"] == 1
    with pytest.raises(Refused, match="still_used"):
        swept.retire("token")
    hospital.sql("DELETE FROM identity.token WHERE version <> %s", swept.keys("token").live("token"))
    swept.retire("token")


def opened(hospital: Hospital, *sources: str) -> list[UUID]:
    """Ids of subjects that an import names by these ids of its own."""
    answer = hospital.worker.call(
        "open_new", cookie=hospital.application(), subjects=[{"src": [["hl7", one]]} for one in sources],
        purpose="import", read=EVERYTHING, write=EVERYTHING,
    )  # fmt: skip
    return [UUID(bytes=one) for one in answer["ids"]]


def test_an_import_knows_its_people_again_before_during_and_after_its_ids_are_blinded_anew(
    hospital: Hospital, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [uuid4().hex for _ in range(3)]
    patients = opened(hospital, *names)
    stored = [row[0] for row in hospital.sql("SELECT token FROM gate.token WHERE patient_id = ANY (%s)", patients)]
    stolen = swept.keys("source").sources
    monkeypatch.setattr(blinding, "SLICE", 2)
    sweep = swept.begun("source")
    next(iter(sweep.run()))
    assert opened(hospital, *names) == patients
    list(sweep.run())
    assert sweep.left() == 0
    assert opened(hospital, *names) == patients
    now = [row[0] for row in hospital.sql("SELECT token FROM gate.token WHERE patient_id = ANY (%s)", patients)]
    assert len(now) == len(stored)
    assert not set(now) & set(stored)
    assert tokens.source_token(stolen, "hl7", names[0]) not in now  # who stole the former chain tests nothing any more
    with pytest.raises(Refused, match="chained"):
        hospital.ops.call("retire", key="source", version=len(stolen))
