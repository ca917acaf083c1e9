"""The keeper or PostgreSQL away: pages say so and read nothing; both back: the same session goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from egide.cli.processes import Watched
from egide.cli.supervisor import Supervisor
from egide.gate.tests.browser import statements, text
from egide.gate.tests.factories import Hospital
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.rehearsal.workstation import ProvingKeeper, Workstation

Browse = Callable[..., Any]


def watched(house: Supervisor, name: str) -> Watched:
    return next(one for one in house.watched if one.name == name)


def start_keeper(house: Supervisor) -> None:
    watched(house, "keeper").start()
    house._await("keeper", lambda: house._listens("ops"))


@contextmanager
def keeper_away(house: Supervisor) -> Iterator[None]:
    """No keeper inside the block."""
    watched(house, "keeper").stop()
    try:
        yield
    finally:
        start_keeper(house)


def test_while_the_keeper_is_away_pages_say_so_and_read_nothing(
    house: Supervisor, hospital: Hospital, browser: Browse
) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="DISCRET")
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    assert "DISCRET" in text(page.get(f"/dossier/{patient.id}/"))
    opened = hospital.open(cookie, patient.id, read=("identity", "stay", "clinical"))
    with keeper_away(house):
        for path in (
            f"/dossier/{patient.id}/", f"/dossier/{patient.id}/constantes/", f"/dossier/{patient.id}/acces/",
            f"/unite/{unit}/", "/", "/sessions/", "/aide/", "/vivant/",
        ):  # fmt: skip
            with statements() as found:
                answer = page.get(path)
            assert answer.status_code == 503, path
            assert "le gardien des clés ne répond pas" in text(answer), path
            assert "DISCRET" not in answer.content.decode()
            assert answer["Cache-Control"] == "no-store"
            assert answer["Retry-After"] == "5"
            assert found == [], path
        answer = page.post(f"/dossier/{patient.id}/constantes/", {"pulse": "80"})
        assert answer.status_code == 503
        answer = browser().post_json("/connexion/defi/", {})
        assert (answer.status_code, answer.json()["code"]) == (503, "keeper_down")
        begun = {"challenge_id": "x", "response": {}, "device_key": Workstation().named}
        answer = browser().post_json("/connexion/preuve/", begun)
        assert answer.status_code == 503
        assert page.get("/sante/").status_code == 200
        with pytest.raises(KeeperDown):
            hospital.open(cookie, patient.id)
    assert hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", patient.id) == 0
    # the same session and the same opening go on: their secrets are derived, not remembered
    assert "DISCRET" in text(page.get(f"/dossier/{patient.id}/"))
    again = hospital.web.call("resume", cookie=cookie, opening=opened["opening"])
    assert (again["ticket"], again["keys"]) == (opened["ticket"], opened["keys"])


def test_a_killed_keeper_comes_back_with_its_sessions(house: Supervisor, hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    opened = hospital.open(cookie, patient.id)
    challenge = hospital.web.call("sign_in", step="begin")
    child = watched(house, "keeper").child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    start_keeper(house)
    assert hospital.open(cookie, patient.id)["opening"] == opened["opening"]
    # challenges were in its memory: those given before are void, new ones work
    response = person.key.assertion(challenge["options"], hospital.origin)
    with pytest.raises(Refused, match="challenge_ended"):
        hospital.web.call(
            "sign_in",
            step="finish",
            challenge_id=challenge["challenge_id"],
            response=response,
            device_key=Workstation().point,
        )
    assert hospital.sign_in(person)


def test_a_keeper_that_vanishes_in_the_middle_of_a_call_is_told_apart_from_a_refusal(
    house: Supervisor, hospital: Hospital
) -> None:
    keeper = ProvingKeeper(hospital.home.keeper_socket("web"))
    assert keeper.call("health")
    with keeper_away(house), pytest.raises(KeeperDown):
        keeper.call("health")
    assert keeper.call("health")  # the stale line is replaced
    keeper.close()


def test_after_postgresql_restarts_everything_goes_on(house: Supervisor, hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="REVENANT")
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    assert page.get(f"/dossier/{patient.id}/").status_code == 200
    house.cluster.stop()
    with pytest.raises(KeeperDown):
        hospital.open(cookie, patient.id)
    answer = page.get(f"/dossier/{patient.id}/")
    assert answer.status_code == 503
    assert "REVENANT" not in answer.content.decode()
    house.cluster.start()
    if house.cluster.process is not None:  # the embedded server, which the supervisor watches
        watched(house, "postgres").adopt(house.cluster.process)
    hospital.forget_connections()
    assert "REVENANT" in text(page.get(f"/dossier/{patient.id}/"))
    assert page.post(f"/dossier/{patient.id}/constantes/", {"pulse": "80"}).status_code == 302
    assert hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", patient.id) == 1


def test_a_line_of_the_keeper_that_died_while_nobody_asked_costs_no_request(
    hospital: Hospital, browser: Browse
) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    for _ in range(3):
        hospital.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'keeper'")
        assert page.get(f"/dossier/{patient.id}/").status_code == 200  # its proof is taken once, and is enough


def test_a_write_on_a_connection_that_died_is_made_or_refused_whole(
    house: Supervisor, hospital: Hospital, browser: Browse
) -> None:
    """The web's connections are cut between two requests: the person loses nothing by sending again."""
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    assert page.get(f"/dossier/{patient.id}/").status_code == 200
    hospital.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'web'")
    hospital.forget_connections()
    time.sleep(0.05)
    page.client.raise_request_exception = False
    first = page.post(f"/dossier/{patient.id}/constantes/", {"pulse": "81"})
    again = page.post(f"/dossier/{patient.id}/constantes/", {"pulse": "81"})
    assert first.status_code == 302
    assert again.status_code == 302
    rows = hospital.sql("SELECT value FROM record_measurement WHERE patient_id = %s", patient.id)
    assert len(rows) == 1
    assert len(hospital.entries(patient=patient.id, kind="act")) == 1


# ── the finder, the keeper's other program ──────────────────────────────────────────────────────────────────────────


def start_finder(house: Supervisor) -> None:
    watched(house, "finder").start()
    house._await("finder", lambda: house._listens("finder"))


def test_while_the_finder_is_away_charts_open_and_the_search_page_says_so(
    house: Supervisor, hospital: Hospital, browser: Browse
) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="PRESENTE")
    _, cookie = hospital.signed_in("admission_clerk", unit)
    page = browser(cookie)
    typed = {"name": "PRESENTE", "first_name": "Jeanne", "birth_date": "12/03/1952"}
    watched(house, "finder").stop()
    try:
        answer = page.post("/patients/", typed)
        assert answer.status_code == 503
        assert "La recherche ne répond pas" in text(answer)
        assert 'value="PRESENTE"' in answer.content.decode()  # nothing to type again
        born = {
            "birth_name": "NEUVE",
            "first_name": "Lea",
            "birth_date": "01/02/2001",
            "sex": "F",
            "birth_place": "99999",
        }
        answer = page.post("/arrivee/creer/", born)
        assert (answer.status_code, "rien n'est créé" in text(answer)) == (503, True)
        assert hospital.open(cookie, patient.id)["ids"] == [patient.id.bytes]
    finally:
        start_finder(house)
    assert page.post("/patients/", typed).status_code == 200


def test_a_killed_finder_comes_back_with_the_same_sessions(house: Supervisor, hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("physician")
    typed = {"name": "INCONNU", "first_name": "Jean", "birth_date": "1951-03-04"}
    assert hospital.finder.call("search", cookie=cookie, typed=typed)["code"] == "ok"
    child = watched(house, "finder").child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    start_finder(house)
    assert hospital.finder.call("search", cookie=cookie, typed=typed)["code"] == "ok"


def test_a_search_is_not_answered_while_nobody_holds_the_trail(house: Supervisor, hospital: Hospital) -> None:
    """The door remembers the leaf that a search's row must get; without it a row could be altered unseen."""
    _, cookie = hospital.signed_in("physician")
    typed = {"name": "INCONNU", "first_name": "Jean", "birth_date": "1951-03-04"}
    with keeper_away(house), pytest.raises(KeeperDown):
        hospital.finder.call("search", cookie=cookie, typed=typed)
    assert hospital.finder.call("search", cookie=cookie, typed=typed)["code"] == "ok"


def test_the_finder_holds_no_key_of_charts_or_of_the_trail(hospital: Hospital) -> None:
    assert hospital.finder.call("health")["keys"] == ["contact", "identity", "ins", "session", "token"]
