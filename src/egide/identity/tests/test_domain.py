"""A search looks among those whom one's legal entity knows; the group is one more act; a creation looks everywhere."""

import re
import secrets
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import text
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name, ids, spent
from egide.kernel.capabilities import Refused


def entity(hospital: Any, *sites: UUID) -> UUID:
    """A legal entity that answers for these sites."""
    one = uuid4()
    hospital.sql(
        "INSERT INTO directory_legalentity (id, name, finess) VALUES (%s, 'Groupe', %s)",
        one, f"{secrets.randbelow(10**9):09d}",
    )  # fmt: skip
    hospital.sql("UPDATE directory_site SET entity_id = %s WHERE id = ANY(%s)", one, list(sites))
    return one


def find(hospital: Any, cookie: str, domain: str, **typed: str) -> dict[str, Any]:
    return dict(hospital.finder.call("search", cookie=cookie, typed=typed, domain=domain))


def at(hospital: Any, site: UUID, profession: str = "admission_clerk") -> tuple[Any, str]:
    person = hospital.person(profession, site=site)
    return person, hospital.sign_in(person)


def french(day: str) -> str:
    year, month, date = day.split("-")
    return f"{date}/{month}/{year}"


def test_another_entitys_patient_is_not_found_until_the_group_is_asked_for(hospital: Any) -> None:
    here, there = hospital.new_site(), hospital.new_site()
    entity(hospital, here), entity(hospital, there)
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day), site=there)
    person, cookie = at(hospital, here)
    typed = {"name": name, "first_name": "Jeanne", "birth_date": day}
    mine = find(hospital, cookie, "entity", **typed)
    assert (mine["code"], mine["full"], mine["near"], mine["rows"]) == ("ok", 0, 0, [])
    assert spent(hospital, person.account, "group") == 0
    assert ids(find(hospital, cookie, "group", **typed)) == [patient]
    assert spent(hospital, person.account, "group") == 1
    first, second = hospital.entries(account=person.account, kind="search")
    assert ("domain=entity" in first["object"], "domain=group" in second["object"]) == (True, True)


def test_a_site_of_the_same_entity_and_a_site_that_stands_alone(hospital: Any) -> None:
    one, two, alone = hospital.new_site(), hospital.new_site(), hospital.new_site()
    entity(hospital, one, two)
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day), site=one)
    (lonely,) = people(hospital, Drawn(name, "ODILE", day), site=alone)
    _, cookie = at(hospital, two)
    assert ids(find(hospital, cookie, "entity", name=name, first_name="Jeanne", birth_date=day)) == [patient]
    _, cookie = at(hospital, alone)
    found = find(hospital, cookie, "entity", name=name[:3], birth_date=day)
    assert ids(found) == [lonely]


@pytest.mark.parametrize("number", ["ins", "ipp"])
def test_a_number_respects_it_too(hospital: Any, number: str) -> None:
    here, there = hospital.new_site(), hospital.new_site()
    entity(hospital, here), entity(hospital, there)
    value = {"ins": f"2520317{secrets.randbelow(10**8):08d}", "ipp": f"7{secrets.randbelow(10**8):08d}"}[number]
    (patient,) = people(
        hospital, Drawn(a_name(), "JEANNE", a_day(), ins=value if number == "ins" else None, ipp=value), site=there
    )
    _, cookie = at(hospital, here)
    assert find(hospital, cookie, "entity", **{number: value})["rows"] == []
    assert ids(find(hospital, cookie, "group", **{number: value})) == [patient]


def test_a_stay_or_a_reception_makes_somebody_known_here(hospital: Any, browser: Any) -> None:
    here, there = hospital.new_site(), hospital.new_site()
    entity(hospital, here), entity(hospital, there)
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day), site=there)
    _, cookie = at(hospital, here)
    typed = {"name": name, "first_name": "Jeanne", "birth_date": day}
    page = browser(cookie)
    shown = page.post("/patients/", typed | {"birth_date": french(day), "group": "1"})
    assert f"{name} Jeanne" in text(shown)
    assert "dans tout le groupe" in text(shown)
    assert page.post(f"/dossier/{patient}/acceder/accueil/").status_code == 302
    _, later = at(hospital, here)
    assert ids(find(hospital, later, "entity", **typed)) == [patient]


@pytest.mark.parametrize("domain", ["", "all", "base", "entity ", "GROUP"])
def test_no_other_domain_exists(hospital: Any, domain: str) -> None:
    _, cookie = at(hospital, hospital.site)
    with pytest.raises(Refused, match="bad_request"):
        find(hospital, cookie, domain, name="DURAND", first_name="Jean", birth_date="1951-02-03")


def test_the_group_has_a_pace_of_its_own(hospital: Any) -> None:
    person, cookie = at(hospital, hospital.site)
    codes = {
        find(hospital, cookie, "group", name=a_name(), first_name="Jean", birth_date=a_day())["code"] for _ in range(13)
    }
    assert "search_group_minute" in codes
    (refusal,) = hospital.entries(account=person.account, kind="refuse")
    assert refusal["reason"] == "search_group_minute"
    assert find(hospital, cookie, "entity", name=a_name(), first_name="Jean", birth_date=a_day())["code"] == "ok"


def test_a_search_of_mine_does_not_tell_that_the_group_holds_more(hospital: Any) -> None:
    """The same answer whether the other entity knows such a person or nobody does."""
    here, there = hospital.new_site(), hospital.new_site()
    entity(hospital, here), entity(hospital, there)
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day), site=there)
    _, cookie = at(hospital, here)
    known = find(hospital, cookie, "entity", name=name, first_name="Jeanne", birth_date=day)
    unknown = find(hospital, cookie, "entity", name=a_name(), first_name="Jeanne", birth_date=day)
    assert known == unknown


# ── creation: the same rule and the same price ──────────────────────────────────────────────────────────────────────


def strict(name: str, day: str, **more: str) -> dict[str, str]:
    return {
        "birth_name": name, "first_name": "Jeanne", "birth_date": french(day), "sex": "F", "birth_place": "99999",
        **more,
    }  # fmt: skip


def test_a_creation_looks_in_the_whole_group(hospital: Any, browser: Any) -> None:
    here, there = hospital.new_site(), hospital.new_site()
    entity(hospital, here), entity(hospital, there)
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day), site=there)
    person, cookie = at(hospital, here)
    answer = browser(cookie).post("/arrivee/creer/", strict(name, day))
    assert answer.status_code == 409
    assert name in text(answer)
    assert (spent(hospital, person.account, "confirmed"), spent(hospital, person.account, "group")) == (1, 1)


def test_a_near_identity_is_a_number_then_shown_and_charged_then_told_apart(hospital: Any, browser: Any) -> None:
    name, day = a_name(), a_day()
    slip = day[:-2] + "27"
    people(hospital, Drawn(name, "JEANNE", slip, birth_place="29019|Brest"))
    person, cookie = hospital.signed_in("admission_clerk")
    desk = browser(cookie)
    counted = desk.post("/arrivee/creer/", strict(name, day))
    assert counted.status_code == 409
    assert "identité proche" in text(counted), text(counted)[300:2500]
    assert "Brest" not in text(counted)
    assert "another" not in counted.content.decode()
    assert spent(hospital, person.account) == 0
    # saying that it is somebody else before looking does nothing
    assert desk.post("/arrivee/creer/", strict(name, day, another="1")).status_code == 409
    shown = desk.post("/arrivee/creer/", strict(name, day, unmask="1"))
    assert shown.status_code == 409
    assert "Brest" in text(shown)
    assert spent(hospital, person.account) == 1
    assert desk.post("/arrivee/creer/", strict(name, day, unmask="1", another="1")).status_code == 302
    assert spent(hospital, person.account) == 1  # the same person again
    searches = hospital.entries(account=person.account, kind="search")
    assert [entry["verdict"] for entry in searches] == ["none", "none", "shown", "shown"]


def test_creations_spend_the_search_pace_and_stop_with_it(hospital: Any, browser: Any) -> None:
    person, cookie = hospital.signed_in("admission_clerk")
    desk = browser(cookie)
    # whoever else of this base may be near her by chance has been looked at
    told_apart = strict(a_name(), a_day(), unmask="1", another="1")
    assert desk.post("/arrivee/creer/", told_apart).status_code == 302
    assert spent(hospital, person.account, "search") == 1
    hospital.sql(
        "UPDATE gate.purse SET ring_day = array_fill(30, ARRAY[24]) WHERE account = %s AND class = 'search'",
        person.account,
    )
    name = a_name()
    assert desk.post("/arrivee/creer/", strict(name, a_day())).status_code == 429
    _, other = hospital.signed_in("admission_clerk")
    assert find(hospital, other, "group", name=name, first_name="Jeanne", birth_date=a_day())["full"] == 0


# ── the sweep ───────────────────────────────────────────────────────────────────────────────────────────────────────


def created_without_rows(hospital: Any, name: str, day: str) -> UUID:
    """The keeper committed her id and tokens; the rows never came."""
    _, cookie = hospital.signed_in("admission_clerk")
    find(hospital, cookie, "entity", name=name, first_name="Jeanne", birth_date=day)
    answer = hospital.web.call(
        "create", cookie=cookie, traits={"birth_name": [name], "first_names": ["JEANNE"], "birth_date": [day]},
        read=["identity"], write=["identity", "stay"],
    )  # fmt: skip
    return UUID(bytes=answer["ids"][0])


def test_tokens_without_a_person_are_swept_once_nobody_can_write_her(hospital: Any) -> None:
    from egide.cli.sweep import sweep

    name, day = a_name(), a_day()
    (kept,) = people(hospital, Drawn(name, "JEANNE", day))
    orphan = created_without_rows(hospital, name, day)
    count = "SELECT count(*) FROM identity.token WHERE patient_id = %s"
    sweep(hospital.home)
    assert hospital.value(count, orphan) > 0  # her opening still lives: the rows may be on their way
    hospital.sql(
        "UPDATE gate.lease SET until = now() WHERE opening IN (SELECT id FROM audit.entry WHERE ids @> ARRAY[%s])",
        orphan,
    )
    before = hospital.value("SELECT count(*) FROM audit.entry WHERE kind = 'sweep'")
    told = hospital.value(count, orphan)
    assert "sans suite" in sweep(hospital.home)
    assert hospital.value(count, orphan) == 0
    assert hospital.value("SELECT count(*) FROM identity.known WHERE patient_id = %s", orphan) == 0
    assert hospital.value(count, kept) > 0
    ((ids_, object_),) = hospital.sql(
        "SELECT ids, object FROM audit.entry WHERE kind = 'sweep' ORDER BY id DESC LIMIT 1"
    )
    assert orphan in ids_
    assert kept not in ids_
    assert int(object_.rpartition("=")[2]) >= told
    assert hospital.value("SELECT count(*) FROM audit.entry WHERE kind = 'sweep'") == before + 1
    assert "Rien à balayer" in sweep(hospital.home)


def test_each_swept_id_is_named_by_a_row_however_many_there_are(hospital: Any) -> None:
    from egide.cli.sweep import sweep

    sweep(hospital.home)
    before = hospital.value("SELECT coalesce(max(id), 0) FROM audit.entry")
    made = [uuid4() for _ in range(201)]
    hospital.sql(
        "INSERT INTO identity.token (token, patient_id) SELECT ('x' || substr(md5(i::text), 1, 15))::bit(60)::bigint, i"
        " FROM unnest(%s::uuid[]) i", made,
    )  # fmt: skip
    assert sweep(hospital.home).startswith("201 créations sans suite")
    rows = hospital.sql("SELECT ids FROM audit.entry WHERE kind = 'sweep' AND id > %s ORDER BY id", before)
    assert [len(named) for (named,) in rows] == [200, 1]
    assert {one for (named,) in rows for one in named} == set(made)
    named = [one for (ids,) in rows for one in ids]
    assert named == sorted(named)  # each call goes on from the last: nothing is read twice


def test_the_sweep_goes_on_by_the_index(hospital: Any) -> None:
    body = hospital.value("SELECT prosrc FROM pg_proc WHERE oid = 'identity.sweep(uuid)'::regprocedure")
    asked = re.search(r"SELECT DISTINCT t\.patient_id AS i.*?LIMIT 200", body, re.DOTALL)
    assert asked
    query = "WITH busy AS MATERIALIZED (SELECT NULL::uuid AS i) " + asked[0].replace("p_after", f"'{uuid4()}'")
    with hospital.connect("super") as base:
        base.execute("SET enable_seqscan = off")
        base.execute("SET enable_bitmapscan = off")
        base.execute("SET enable_hashjoin = off")
        base.execute("SET enable_hashagg = off")
        plan = "\n".join(row[0] for row in base.execute(f"EXPLAIN {query}".encode()).fetchall())
    assert re.search(r"Index (Only )?Scan using token_patient.*\n\s+Index Cond: \(patient_id > ", plan), plan


def test_the_operator_alone_sweeps(hospital: Any) -> None:
    with pytest.raises(Refused, match="wrong_socket"):
        hospital.finder.call("sweep")
