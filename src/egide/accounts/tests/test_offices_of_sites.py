"""An administrator acts for the sites of his office, by its dates; the group's, rare, for every site."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from egide.accounts.tests.people import Office
from egide.gate.tests import rescued
from egide.gate.tests.browser import text
from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_links import door, rows
from egide.kernel.capabilities import Refused


class Two:
    """Two sites, each with its administrators and a nurse; and the group's administrator."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.here, self.there = Office(hospital), Office(hospital)
        self.unit = hospital.unit(self.there.site)
        self.nurse = self.there.staff("nurse", self.unit)
        self.group = self.here.staff("administrator")
        hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE account = %s", self.group.account)

    def covers(self, person: Person, site: UUID, since: timedelta, until: timedelta | None = None) -> None:
        """A line of his office over one more site."""
        now = datetime.now(UTC)
        self.hospital.sql(
            "INSERT INTO accounts.membership (account, profession, since, until, site)"
            " VALUES (%s, 'administrator', %s, %s, %s)",
            person.account, now + since, now + until if until else None, site,
        )  # fmt: skip

    def asked(self, kind: str, body: dict[str, str], by: Person | None = None) -> str:
        """`asked`, or why not."""
        try:
            self.here.ask(kind, body, by)
        except Refused as refusal:
            return refusal.code
        return "asked"


@pytest.fixture
def two(hospital: Hospital) -> Two:
    return Two(hospital)


def test_he_suspends_creates_and_grants_on_his_site_alone(two: Two) -> None:
    about = {"account": str(two.nurse.account)}
    unit = {**about, "profession": "nurse", "unit": str(two.hospital.unit(two.here.site)), "since": "", "until": ""}
    mine = two.here.staff("nurse", two.hospital.unit(two.here.site))
    for kind, body in (
        ("suspend", about),
        ("hand_key", {**about, "why": "more", "spare": ""}),
        ("create_person", two.there.new()),
        ("grant", unit),  # a person of another site in a unit of his
        ("grant", {**unit, "account": str(mine.account), "unit": str(two.unit)}),  # and the other way round
        # naming one's own site beside a person of another changes nothing
        ("suspend", {**about, "site": str(two.here.site)}),
    ):
        assert two.asked(kind, body) == "not_your_site", (kind, body)
        assert two.asked(kind, body, two.group) == "asked", (kind, body)
    told = [one["reason"] for one in two.hospital.entries(kind="refuse", account=two.here.first.account)]
    assert told == ["not_your_site"] * 6
    assert two.asked("suspend", {"account": str(mine.account)}) == "asked"


def test_a_second_yes_is_of_the_site_too(two: Two) -> None:
    body = two.there.new()
    act = two.there.ask("create_person", body)
    two.there.yes(act)
    with pytest.raises(Refused, match="category_closed"):
        two.here.yes(act, two.here.first)
    waiting = [one[0] for one in rows(two.hospital, two.here.cookie(two.here.first), "acts_waiting()")]
    assert UUID(bytes=act) not in waiting
    assert two.there.yes(act, two.there.second)["state"] == "ok"


def test_one_more_site_counts_between_its_dates(two: Two) -> None:
    about, him = {"account": str(two.nurse.account)}, two.here.first
    for since, until, said in (
        (timedelta(hours=1), None, "not_your_site"),
        (timedelta(days=-9), timedelta(seconds=-1), "not_your_site"),
        (timedelta(seconds=-1), timedelta(hours=1), "asked"),
    ):
        two.covers(him, two.there.site, since, until)
        assert two.asked("suspend", about, him) == said


def test_he_sees_the_staff_of_his_sites_and_opens_rescues_there(two: Two, browser: Any) -> None:
    cookie, everywhere = two.here.cookie(two.here.first), two.here.cookie(two.group)
    asked = "staff(%s, NULL, NULL, NULL, NULL, 0)"
    assert [one[2] for one in rows(two.hospital, cookie, asked, two.nurse.username)] == [None]
    assert [one[2] for one in rows(two.hospital, everywhere, asked, two.nurse.username)] == [two.nurse.account]
    assert door(two.hospital, cookie, "my_sites()") == [two.here.site]
    assert door(two.hospital, everywhere, "my_sites()") is None
    page = browser(cookie)
    assert page.get(f"/personnel/{two.nurse.account}/").status_code == 403
    assert page.get(f"/personnel/{two.nurse.account}/droits/").status_code == 403
    assert browser(everywhere).get(f"/personnel/{two.nurse.account}/droits/").status_code == 200
    with pytest.raises(Refused, match="unknown_colleague"):
        rescued.begin(two.hospital, cookie, two.nurse.username)
    assert rescued.begin(two.hospital, everywhere, two.nurse.username)["name"] == two.nurse.name


def test_what_is_sent_about_another_site_reaches_the_base_and_is_a_row(two: Two, browser: Any) -> None:
    him, page = two.here.first, browser(two.here.cookie(two.here.first))
    mine = two.here.staff("nurse", two.hospital.unit(two.here.site))
    offered = text(page.get(f"/personnel/{mine.account}/acte/profession/"))
    assert str(two.unit) not in offered
    grant = {"profession": "nurse", "unit": str(two.unit), "since": "", "until": "", "reach": ""}
    for about, reason in ((him, "concerns_you"), (mine, "not_your_site")):
        page.post(f"/personnel/{about.account}/acte/profession/", grant)
        assert two.hospital.entries(account=him.account, kind="refuse")[-1]["reason"] == reason
    there = {"family": "Essai", "given": "Ada", "profession": "nurse", "site": str(two.there.site), "key": "now"}
    answer = page.post("/personnel/nouveau/", there)
    assert (answer.status_code, "autres établissements" in text(answer)) == (422, True)


def test_an_office_is_widened_by_an_act_and_over_the_group_by_who_has_it(two: Two, browser: Any) -> None:
    third = two.there.staff("administrator")
    body = {"account": str(third.account), "profession": "administrator", "unit": "", "since": "", "until": ""}
    wide, whole = body | {"site": str(two.here.site)}, body | {"everywhere": "yes"}
    assert two.asked("grant", wide) == "not_your_site"  # a person of another site
    assert two.asked("grant", wide, two.group) == "asked"
    assert two.there.ask("grant", body | {"site": str(two.there.site)})
    with pytest.raises(Refused, match="not_your_site"):
        two.there.ask("grant", whole)
    assert two.asked("grant", whole | {"site": str(two.here.site)}, two.group) == "bad_site"
    assert two.asked("grant", whole | {"profession": "dpo"}, two.group) in {"bad_site", "office_and_care"}
    act = two.here.ask("grant", whole, two.group)
    two.here.yes(act, two.group)
    assert two.here.yes(act, two.here.staff("rssi"))["state"] == "ok"
    line = "SELECT everywhere, since > now() FROM accounts.membership WHERE account = %s ORDER BY id DESC LIMIT 1"
    assert two.hospital.sql(line, third.account) == [(True, True)]  # from tomorrow on, as any office
    assert "tout le groupe" in text(browser(two.here.cookie(two.group)).get(f"/personnel/{third.account}/"))


def effect(two: Two, kind: str, body: dict[str, str]) -> str:
    """What this act would answer, carried out for whoever may ask for it."""
    act = {"kind": kind, "body": json.dumps(body), "account": str(two.here.first.account)}
    statement = f"SELECT accounts.do_{kind}(jsonb_populate_record(NULL::accounts.act, %s), true)"
    return str(two.hospital.value(statement, Jsonb(act)))


OVER_THE_GROUP: tuple[tuple[str, dict[str, str]], ...] = (
    ("hand_key", {"why": "more", "spare": ""}), ("suspend", {}), ("lose_key", {}), ("end_person", {}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "more"), OVER_THE_GROUP)
def test_people_of_a_site_do_nothing_to_whoever_administers_more_than_it(
    two: Two, kind: str, more: dict[str, str]
) -> None:
    """The group's administrator, whose account is of the site of those who ask; and one who has a second site."""
    mine, wide = two.here.staff("administrator"), two.here.staff("administrator")
    two.covers(wide, two.there.site, timedelta(seconds=-1))
    over = two.here.staff("administrator")
    two.hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE account = %s", over.account)
    for target in (two.group, wide):
        about = {"account": str(target.account), **more}
        assert two.asked(kind, about) == "not_your_site"
        assert two.asked(kind, about, over) == "asked"
    assert two.asked(kind, {"account": str(mine.account), **more}) == "asked"
    two.covers(two.here.first, two.there.site, timedelta(seconds=-1))  # now his office is over both
    assert two.asked(kind, {"account": str(wide.account), **more}) == "asked"
    assert two.asked(kind, {"account": str(two.group.account), **more}) == "not_your_site"


def test_an_office_over_the_group_that_begins_tomorrow_counts_today(two: Two) -> None:
    soon = two.here.staff("administrator")
    hand = {"account": str(soon.account), "why": "more", "spare": ""}
    assert two.asked("hand_key", hand) == "asked"
    two.hospital.sql(
        "INSERT INTO accounts.membership (account, profession, since, everywhere)"
        " VALUES (%s, 'administrator', now() + interval '1 day', true)",
        soon.account,
    )
    assert two.asked("hand_key", hand) == "not_your_site"


def test_a_guard_of_a_site_poses_no_key_on_the_group_s_administrator(two: Two) -> None:
    guard, mine = two.here.staff("physician"), two.here.staff("administrator")
    two.here.duty(guard, "guard")
    for target, said in ((two.group, "category_closed"), (mine, "asked")):
        about = {"account": str(target.account)}
        assert two.asked("hand_key", about | {"why": "more", "spare": ""}, guard) == said
        assert two.asked("lose_key", about, guard) == said


def test_the_last_administrator_of_the_group_stays(two: Two) -> None:
    others = two.hospital.sql(
        "UPDATE accounts.membership SET everywhere = false WHERE everywhere AND account <> %s RETURNING id",
        two.group.account,
    )
    line = str(two.hospital.value("SELECT id FROM accounts.membership WHERE account = %s", two.group.account))
    about = {"account": str(two.group.account)}
    second = two.here.staff("administrator")
    ending = about | {"membership": line, "until": ""}
    try:
        assert two.asked("suspend", about, two.here.staff("rssi")) == "last_of_office"
        assert effect(two, "end_person", about) == "last_of_office"  # nobody is left who may ask for these two
        assert effect(two, "end_membership", ending) == "last_of_office"
        two.hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE account = %s", second.account)
        assert effect(two, "end_person", about) == "ok"
        assert two.asked("end_membership", ending, second) == "asked"
    finally:
        two.hospital.sql(
            "UPDATE accounts.membership SET everywhere = true WHERE id = ANY (%s)", [one for (one,) in others]
        )


def test_the_last_two_of_the_group_are_not_ended_at_the_same_instant(two: Two) -> None:
    """One act is being carried out, the other begins: it waits for the first, and finds nobody else left."""
    hospital, other = two.hospital, two.here.staff("administrator")
    kept = "UPDATE accounts.membership SET everywhere = false WHERE everywhere AND account <> %s RETURNING id"
    others = hospital.sql(kept, two.group.account)
    hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE account = %s", other.account)

    def ended(conn: Any, person: Person) -> str:
        line = hospital.value("SELECT id FROM accounts.membership WHERE account = %s AND everywhere", person.account)
        body = {"account": str(person.account), "membership": str(line), "until": ""}
        act = {
            "id": str(uuid4()), "kind": "end_membership", "body": json.dumps(body),
            "account": str(two.here.second.account),
        }  # fmt: skip
        statement = "SELECT accounts.do_end_membership(jsonb_populate_record(NULL::accounts.act, %s), false)"
        return str(conn.execute(statement, (Jsonb(act),)).fetchone()[0])

    waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    try:
        with hospital.connect("super") as one, hospital.connect("super") as next_one, ThreadPoolExecutor(1) as beside:
            next_one.execute("SET lock_timeout = '20s'")
            one.execute("BEGIN")
            assert ended(one, two.group) == "ok"
            second = beside.submit(ended, next_one, other)
            while not hospital.value(waits, next_one.info.backend_pid):
                assert not second.done(), second.result()
            one.execute("COMMIT")
            assert second.result() == "last_of_office"
    finally:
        lines = [one for (one,) in others]
        hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE id = ANY (%s)", lines)


def test_nobody_but_an_administrator_has_an_office_over_sites(hospital: Hospital) -> None:
    nurse = hospital.person("nurse")
    with pytest.raises(Exception, match="office_over_sites"):
        hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE account = %s", nurse.account)
