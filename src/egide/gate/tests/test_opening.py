"""What the gate opens, to whom, for how long; and that a refusal is a row."""

import base64
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate import rules
from egide.gate.tests.factories import Hospital
from egide.kernel.capabilities import Refused
from egide.kernel.codes import Basis, Category, Profession

CATEGORIES = [category.value for category in Category]
PEOPLE = [profession for profession in Profession if profession is not Profession.APPLICATION]
LOST = "EG001"


def refused(hospital: Hospital, cookie: str, *ids: UUID, counted: bool = False) -> str:
    """The code of the refusal to open these ids."""
    with pytest.raises(Refused) as refusal:
        hospital.open(cookie, *ids, counted=counted)
    return refusal.value.code


def allowed(profession: Profession, act: str, basis: Basis = Basis.STAY) -> set[str]:
    """Categories that the grid gives on a basis."""
    return {
        rule.category
        for rule in rules.grid()
        if rule.profession == profession and rule.basis == basis and rule.act == act and rule.allowed
    }


def admits(hospital: Hospital, ticket: str) -> bool:
    """Whether the base still takes this ticket."""
    try:
        with hospital.as_web(ticket):
            return True
    except psycopg.Error as error:
        if error.sqlstate != LOST:
            raise
        return False


# ── the grid ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_cell_of_the_base_is_that_of_the_program(hospital: Hospital) -> None:
    cells = set(hospital.sql("SELECT profession, basis, category, act, allowed, reason FROM gate.rule"))
    assert cells == {tuple(rule) for rule in rules.grid()}
    assert len(cells) == len(Profession) * len(Basis) * len(Category) * 2
    assert hospital.value("SELECT hash FROM gate.rule_hash") == rules.grid_hash()


def test_a_cell_changed_in_the_base_is_seen(hospital: Hospital) -> None:
    with hospital.connect("super") as base, base.transaction(force_rollback=True):
        base.execute(
            "UPDATE gate.rule SET allowed = true WHERE (profession, basis, category, act)"
            " = ('administrator', 'stay', 'clinical', 'read')"
        )
        cells = base.execute("SELECT profession, basis, category, act, allowed, reason FROM gate.rule").fetchall()
    assert set(cells) != {tuple(rule) for rule in rules.grid()}


@pytest.mark.parametrize("profession", PEOPLE)
def test_a_profession_opens_exactly_the_categories_of_the_grid(hospital: Hospital, profession: Profession) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, since=datetime.now(UTC) - timedelta(days=9))  # on no work list
    person, cookie = hospital.signed_in(profession, unit)
    reads, writes = allowed(profession, "read"), allowed(profession, "write")
    if not reads:
        with pytest.raises(Refused, match="category_closed"):
            hospital.open(cookie, patient.id, read=CATEGORIES, write=CATEGORIES)
        with pytest.raises(Refused, match="category_closed"):
            hospital.open_unit(cookie, unit)
        reasons = [e["reason"] for e in hospital.entries(account=person.account, kind="refuse")]
        assert reasons == ["category_closed", "category_closed"]
        return
    answer = hospital.open(cookie, patient.id, read=CATEGORIES, write=CATEGORIES)
    assert (set(answer["reads"]), set(answer["writes"])) == (reads, writes)
    assert {category for _, category, _ in answer["keys"]} == reads | writes
    told = {
        (category, mode): hospital.told(answer["ticket"], category, mode)
        for category in CATEGORIES
        for mode in ("read", "write")
    }
    assert told == {
        (category, mode): [patient.id] if category in given else []
        for category in CATEGORIES
        for mode, given in (("read", reads), ("write", writes))
    }
    roster = hospital.open_unit(cookie, unit)
    assert set(roster["reads"]) == reads & {"identity", "stay", "clinical"}


@pytest.mark.parametrize("basis", [one for one in Basis if one not in {Basis.STAY, Basis.SEARCH, Basis.APPLICATION}])
@pytest.mark.parametrize("profession", PEOPLE)
def test_a_profession_opens_those_of_every_other_basis(
    hospital: Hospital, profession: Profession, basis: Basis
) -> None:
    """A link of the person herself, to a patient of another unit whom no work list names."""
    stranger = hospital.patient(hospital.unit(), since=datetime.now(UTC) - timedelta(days=9)).id
    person, cookie = hospital.signed_in(profession, hospital.unit())
    yesterday = datetime.now(UTC) - timedelta(days=1)
    hospital.past_link(stranger, None, yesterday, None, basis=basis, account=person.account)
    reads, writes = allowed(profession, "read", basis), allowed(profession, "write", basis)
    purpose = "sheet" if basis is Basis.SHEET else "care"
    if reads:
        answer = hospital.open(cookie, stranger, read=CATEGORIES, write=CATEGORIES, purpose=purpose)
        assert (set(answer["reads"]), set(answer["writes"]), answer["basis"]) == (reads, writes, basis)
        told = {(c, m): hospital.told(answer["ticket"], c, m) for c in CATEGORIES for m in ("read", "write")}
        assert {key for key, ids in told.items() if ids} == {(c, "read") for c in reads} | {
            (c, "write") for c in writes
        }
    else:
        # whom an emergency access is for finds the doors of somebody without a link
        code = "no_link" if rules.may_break_glass(profession) else "category_closed"
        with pytest.raises(Refused, match=code):
            hospital.open(cookie, stranger, read=CATEGORIES, write=CATEGORIES, purpose=purpose)
    other = hospital.signed_in(profession, hospital.unit())[1]
    assert refused(hospital, other, stranger) == "no_link"  # hers alone


@pytest.mark.parametrize(
    ("profession", "reads"),
    [
        (Profession.ADMINISTRATOR, set()),
        (Profession.DPO, set()),
        (Profession.RSSI, set()),
        (Profession.SWITCHBOARD, set()),
        (Profession.PHARMACIST, set()),
        (Profession.PORTER, {"identity", "stay"}),
        (Profession.ADMISSION_CLERK, {"identity", "stay", "contact", "ins"}),
        (Profession.BILLING, {"identity", "stay", "contact", "ins", "coding"}),
        (Profession.MEDICAL_SECRETARY, {"identity", "stay", "contact", "ins", "clinical"}),
        (Profession.NURSE, {"identity", "stay", "contact", "clinical", "protected"}),
    ],
)
def test_the_grid_says_what_the_design_says(profession: Profession, reads: set[str]) -> None:
    assert allowed(profession, "read") == reads


def test_only_what_was_asked_is_opened(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("physician", unit)
    answer = hospital.open(cookie, patient.id, read=["identity"])
    assert (answer["reads"], answer["writes"]) == (["identity"], [])
    assert [(i, c) for i, c, _ in answer["keys"]] == [(patient.id.bytes, "identity")]


def test_the_program_refuses_a_base_with_another_grid(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    from egide.gate import startup

    startup.refuse_wrong_base()
    monkeypatch.setattr(startup, "grid_hash", lambda: "0" * 64)
    with pytest.raises(startup.WrongBase, match="grille"):
        startup.refuse_wrong_base()


@pytest.mark.parametrize("role", ["super", "migrator"])
def test_the_program_refuses_a_role_above_the_policies(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    from egide.gate import startup

    with hospital.connect(role) as above:
        monkeypatch.setattr(startup, "connection", above)
        with pytest.raises(startup.WrongBase, match="contourner"):
            startup.refuse_wrong_base()


# ── links, in time ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("since", "until", "opens"),
    [
        (timedelta(days=-9), None, True),
        (timedelta(seconds=-1), None, True),
        (timedelta(seconds=5), None, False),
        (timedelta(days=-9), timedelta(seconds=5), True),
        (timedelta(days=-9), timedelta(seconds=-1), False),
        (timedelta(days=-9), timedelta(days=-9), False),
    ],
)
def test_a_link_opens_between_its_two_instants(
    hospital: Hospital, since: timedelta, until: timedelta | None, opens: bool
) -> None:
    unit, now = hospital.unit(), datetime.now(UTC)
    patient = hospital.open_new().ids[0]
    hospital.past_link(patient, unit, now + since, now + until if until is not None else None)
    _, cookie = hospital.signed_in("nurse", unit)
    listed = [UUID(bytes=i) for i in hospital.open_unit(cookie, unit)["ids"]]
    assert listed == ([patient] if opens else [])
    if opens:
        assert hospital.open(cookie, patient)["basis"] == "stay"
    else:
        assert refused(hospital, cookie, patient) == "no_link"


def test_an_opening_ends_with_its_link(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.open_new().ids[0]
    hospital.past_link(patient, unit, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(seconds=0.4))
    _, cookie = hospital.signed_in("nurse", unit)
    opening = hospital.open(cookie, patient)["opening"]
    assert hospital.web.call("resume", cookie=cookie, opening=opening)["opening"] == opening
    time.sleep(0.45)
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=cookie, opening=opening)
    assert refused(hospital, cookie, patient) == "no_link"


def test_one_link_among_several_is_enough(hospital: Hospital) -> None:
    mine, other = hospital.unit(), hospital.unit()
    patient = hospital.patient(other)
    hospital.past_link(patient.id, mine, datetime.now(UTC) - timedelta(days=3), datetime.now(UTC) - timedelta(days=2))
    _, cookie = hospital.signed_in("nurse", mine)
    assert refused(hospital, cookie, patient.id) == "no_link"
    hospital.past_link(patient.id, mine, datetime.now(UTC) - timedelta(days=1), None)
    assert hospital.open(cookie, patient.id)["ids"] == [patient.id.bytes]


def test_membership_ends_and_so_does_the_link_of_the_unit(hospital: Hospital) -> None:
    unit, other = hospital.unit(), hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit, other)
    assert hospital.open(cookie, patient.id)
    hospital.sql(
        "UPDATE accounts.membership SET until = clock_timestamp() WHERE account = %s AND unit = %s",
        person.account,
        unit,
    )
    assert refused(hospital, cookie, patient.id) == "no_link"
    hospital.sql("UPDATE accounts.membership SET until = clock_timestamp() WHERE account = %s", person.account)
    assert refused(hospital, cookie, patient.id) == "session_ended"


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_of_a_foreign_unit_is_refused_and_recorded(hospital: Hospital) -> None:
    foreign = hospital.unit()
    hospital.patient(foreign)
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    with pytest.raises(Refused, match="not_your_unit"):
        hospital.open_unit(cookie, foreign)
    (entry,) = hospital.entries(account=person.account, kind="refuse")
    assert (entry["reason"], entry["unit"], entry["ids"]) == ("not_your_unit", foreign, [])


def test_an_unknown_id_is_answered_as_an_unlinked_one(hospital: Hospital) -> None:
    stranger, nobody = hospital.stranger(), uuid4()
    person, cookie = hospital.signed_in("physician", hospital.unit())
    answers = []
    for one in (stranger, nobody):
        with pytest.raises(Refused) as refusal:
            hospital.open(cookie, one, counted=True)
        answers.append((refusal.value.code, refusal.value.message))
    assert answers[0] == answers[1] == ("no_link", "no_link")
    rows = hospital.entries(account=person.account, kind="refuse")
    assert [(row["reason"], row["ids"]) for row in rows] == [("no_link", [stranger]), ("no_link", [nobody])]


def test_one_stranger_among_my_patients_closes_all(hospital: Hospital) -> None:
    unit = hospital.unit()
    mine, stranger = hospital.patient(unit).id, hospital.stranger()
    person, cookie = hospital.signed_in("nurse", unit)
    assert refused(hospital, cookie, mine, stranger) == "no_link"
    assert set(hospital.entries(account=person.account, kind="refuse")[0]["ids"]) == {mine, stranger}


def test_a_list_stops_at_200_and_says_so(hospital: Hospital) -> None:
    unit, yesterday = hospital.unit(), datetime.now(UTC) - timedelta(days=1)
    for _ in range(201):
        hospital.past_link(uuid4(), unit, yesterday, None)
    _, cookie = hospital.signed_in("nurse", unit)
    roster = hospital.open_unit(cookie, unit)
    assert (len(roster["ids"]), roster["truncated"]) == (200, True)
    with pytest.raises(Refused, match="too_many"):
        hospital.open(cookie, *(uuid4() for _ in range(201)))
    with pytest.raises(Refused, match="too_many"):
        hospital.open(cookie)


def test_a_refused_session_leaves_its_row_too(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    hospital.web.call("revoke", cookie=cookie)
    assert refused(hospital, cookie, patient.id) == "session_ended"
    (entry,) = hospital.entries(account=person.account, kind="refuse")
    assert (entry["reason"], entry["ids"], entry["verdict"]) == ("session_ended", [patient.id], "refused")


def cookie_parts(cookie: str) -> tuple[bytes, bytes, bytes]:
    raw = base64.urlsafe_b64decode(cookie + "==")
    return raw[:16], raw[16:32], raw[-32:]


def cookie_of(*parts: bytes) -> str:
    return base64.urlsafe_b64encode(b"".join(parts)).rstrip(b"=").decode()


def forge(how: str, mine: str, other: str) -> str:
    """A pass that this base never gave."""
    session, account, mac = cookie_parts(mine)
    between = base64.urlsafe_b64decode(mine + "==")[32:-32]
    other_session, other_account, other_mac = cookie_parts(other)
    return {
        "altered": cookie_of(session, account, between, bytes((mac[0] ^ 1,)) + mac[1:]),
        "no mac": cookie_of(session, account, between, bytes(32)),
        "another's account": cookie_of(session, other_account, between, mac),
        "another's session": cookie_of(other_session, account, between, mac),
        "another's mac": cookie_of(session, account, between, other_mac),
        "invented": cookie_of(uuid4().bytes, account, between, mac),
    }[how]


@pytest.mark.parametrize(
    "how", ["altered", "no mac", "another's account", "another's session", "another's mac", "invented"]
)
@pytest.mark.parametrize("verb", ["who", "open", "resume", "revoke"])
def test_a_forged_cookie_is_refused_and_recorded(hospital: Hospital, how: str, verb: str) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    other, other_cookie = hospital.signed_in("nurse", unit)
    opening = hospital.open(cookie, patient.id)["opening"]
    false = forge(how, hospital.web.passing(cookie), hospital.web.passing(other_cookie))
    more: dict[str, Any] = {"open": {"ids": [patient.id.bytes], "purpose": "care", "read": ["identity"], "write": []},
                            "resume": {"opening": opening}}.get(verb, {})  # fmt: skip
    with pytest.raises(Refused, match="session_ended"):
        hospital.web.call(verb, cookie=false, **more)
    blamed = other if how == "another's account" else person
    (entry,) = hospital.entries(account=blamed.account, kind="refuse")
    assert (entry["reason"], entry["session"]) == ("forged_session", None)
    assert hospital.web.call("who", cookie=cookie)
    assert hospital.web.call("who", cookie=other_cookie)


@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 86 + "!", "A" * 85, "\x00" * 86, "a" * 5000])
def test_what_is_no_cookie_ends_nowhere(hospital: Hospital, cookie: str) -> None:
    with pytest.raises(Refused, match="session_ended"):
        hospital.web.call("who", cookie=cookie)


# ── containment follows valid proofs only ───────────────────────────────────────────────────────────────────────────


def state(hospital: Hospital, cookie: str) -> str:
    try:
        hospital.web.call("who", cookie=cookie)
    except Refused as refusal:
        return refusal.code
    return "live"


def test_the_third_denial_of_our_own_page_freezes_the_session(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    other = hospital.sign_in(person)
    ticket = hospital.open(cookie, patient.id)["ticket"]
    for nth in range(3):
        assert state(hospital, cookie) == "live", nth
        assert refused(hospital, cookie, uuid4(), counted=True) == "no_link"
    assert state(hospital, cookie) == "session_frozen"
    assert not admits(hospital, ticket)
    assert refused(hospital, cookie, patient.id) == "session_frozen"
    assert state(hospital, other) == "live"  # a copy dies alone


def test_two_denials_and_a_foreign_unit_freeze_as_well(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    refused(hospital, cookie, uuid4(), counted=True)
    refused(hospital, cookie, hospital.stranger(), counted=True)
    with pytest.raises(Refused, match="not_your_unit"):
        hospital.open_unit(cookie, hospital.unit(), counted=True)
    assert state(hospital, cookie) == "session_frozen"


def test_what_others_send_freezes_nobody(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    for _ in range(10):
        refused(hospital, cookie, uuid4(), counted=False)
    refused(hospital, cookie, uuid4(), counted=True)
    refused(hospital, cookie, uuid4(), counted=True)
    assert state(hospital, cookie) == "live"


def test_the_same_shut_door_tried_again_is_one_denial(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    stranger = hospital.stranger()
    for _ in range(6):
        refused(hospital, cookie, stranger, counted=True)
    assert state(hospital, cookie) == "live"


def test_patients_who_left_the_unit_are_no_denial(hospital: Hospital) -> None:
    unit, now = hospital.unit(), datetime.now(UTC)
    _, cookie = hospital.signed_in("nurse", unit)
    for _ in range(4):
        gone = uuid4()
        hospital.past_link(gone, unit, now - timedelta(days=3), now - timedelta(hours=1))
        assert refused(hospital, cookie, gone, counted=True) == "no_link"
    assert state(hospital, cookie) == "live"


def test_denials_older_than_ten_minutes_are_forgotten(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    refused(hospital, cookie, uuid4(), counted=True)
    refused(hospital, cookie, uuid4(), counted=True)
    hospital.sql(
        "UPDATE accounts.session SET denied_at = ARRAY(SELECT d - interval '11 minutes' FROM unnest(denied_at) d)"
        " WHERE account = %s",
        person.account,
    )
    refused(hospital, cookie, uuid4(), counted=True)
    assert state(hospital, cookie) == "live"


# ── an opening's life ───────────────────────────────────────────────────────────────────────────────────────────────


def lease(hospital: Hospital, opening: int) -> tuple[datetime, datetime]:
    until, hard = hospital.sql("SELECT until, hard_until FROM gate.lease WHERE opening = %s", opening)[0]
    return until, hard


def test_the_same_opening_is_audited_once(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    first = hospital.open(cookie, patient.id)
    again = hospital.open(cookie, patient.id)
    resumed = hospital.web.call("resume", cookie=cookie, opening=first["opening"])
    assert not first["resumed"]
    assert again["resumed"]
    assert resumed["resumed"]
    assert first["opening"] == again["opening"] == resumed["opening"]
    assert first["ticket"] == again["ticket"] == resumed["ticket"]
    assert first["keys"] == again["keys"] == resumed["keys"]
    assert len(hospital.entries(account=person.account, kind="open")) == 1


@pytest.mark.parametrize(
    "change",
    [{"purpose": "access_review"}, {"read": ("identity", "stay")}, {"write": ("clinical",)}],
    ids=["purpose", "reads", "writes"],
)
def test_another_purpose_or_category_is_another_opening(hospital: Hospital, change: dict[str, Any]) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    assert hospital.open(cookie, patient.id)["opening"] != hospital.open(cookie, patient.id, **change)["opening"]
    assert len(hospital.entries(account=person.account, kind="open")) == 2


def test_another_session_opens_for_itself(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    other = hospital.sign_in(person)
    first, second = hospital.open(cookie, patient.id), hospital.open(other, patient.id)
    assert first["opening"] != second["opening"]
    assert first["ticket"] != second["ticket"]
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=other, opening=first["opening"])


def test_an_opening_lives_fifteen_minutes_and_is_prolonged_by_use(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    opening = hospital.open(cookie, patient.id)["opening"]
    until, hard = lease(hospital, opening)
    now = datetime.now(UTC)
    assert abs(until - now - timedelta(minutes=15)) < timedelta(seconds=5)
    assert abs(hard - now - timedelta(hours=8)) < timedelta(seconds=5)

    hospital.open(cookie, patient.id)
    assert lease(hospital, opening)[0] == until  # at most once a minute: reading costs no write

    hospital.sql("UPDATE gate.lease SET until = %s WHERE opening = %s", now + timedelta(minutes=2), opening)
    answer = hospital.web.call("resume", cookie=cookie, opening=opening)
    assert lease(hospital, opening)[0] - now > timedelta(minutes=14)
    assert datetime.fromisoformat(answer["until"]) == lease(hospital, opening)[0]


def test_an_opening_never_outlives_eight_hours(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    opening = hospital.open(cookie, patient.id)["opening"]
    hard = datetime.now(UTC) + timedelta(minutes=5)
    hospital.sql(
        "UPDATE gate.lease SET until = %s, hard_until = %s WHERE opening = %s",
        hard - timedelta(minutes=4),
        hard,
        opening,
    )
    hospital.open(cookie, patient.id)
    assert lease(hospital, opening)[0] == hard
    past = datetime.now(UTC) - timedelta(seconds=1)
    hospital.sql("UPDATE gate.lease SET until = %s, hard_until = %s WHERE opening = %s", past, past, opening)
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=cookie, opening=opening)
    assert hospital.open(cookie, patient.id)["opening"] != opening
    assert len(hospital.entries(account=person.account, kind="open")) == 2


@pytest.mark.parametrize("end", ["sign_out", "revoked", "frozen", "expired", "account"])
def test_an_opening_dies_with_its_session(hospital: Hospital, end: str) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    opened = hospital.open(cookie, patient.id)
    assert admits(hospital, opened["ticket"])
    session = UUID(bytes=opened["actor"]["session"])
    match end:
        case "sign_out":
            hospital.web.call("revoke", cookie=cookie)
        case "revoked":
            hospital.web.call("revoke", cookie=hospital.sign_in(person), session=session.bytes)
        case "frozen":
            hospital.sql("UPDATE accounts.session SET frozen_at = clock_timestamp() WHERE id = %s", session)
        case "expired":
            hospital.sql("UPDATE accounts.session SET expires_at = clock_timestamp() WHERE id = %s", session)
        case "account":
            hospital.sql("UPDATE accounts.account SET ended_at = clock_timestamp() WHERE id = %s", person.account)
    with pytest.raises(Refused, match=r"session_(ended|frozen)"):
        hospital.open(cookie, patient.id)
    with pytest.raises(Refused, match=r"session_(ended|frozen)"):
        hospital.web.call("resume", cookie=cookie, opening=opened["opening"])
    if end != "account":  # an account's end is the keeper's to see: its sessions are not written
        assert not admits(hospital, opened["ticket"])


def test_after_a_crash_one_reopens(hospital: Hospital) -> None:
    """Leases are unlogged: PostgreSQL empties them when it recovers."""
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    before = hospital.open(cookie, patient.id)
    hospital.sql("TRUNCATE gate.lease")
    assert not admits(hospital, before["ticket"])
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=cookie, opening=before["opening"])
    after = hospital.open(cookie, patient.id)
    assert not after["resumed"]
    assert admits(hospital, after["ticket"])
    assert not admits(hospital, before["ticket"])
    assert len(hospital.entries(account=person.account, kind="open")) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"),
        lambda t: t.split(".")[0] + "." + "0" * 64,
        lambda t: f"{int(t.split('.')[0]) + 1}.{t.split('.')[1]}",
        lambda t: t + "0",
        lambda t: t.upper(),
        lambda t: f" {t}",
        lambda t: t.replace(".", ""),
        lambda t: "9" * 19 + t[t.index(".") :],
        lambda _: "",
        lambda _: "w" + "0" * 32 + "." + "0" * 64,
        lambda t: f"w{t}",
        lambda _: "1.' OR true --",
    ],
)
def test_an_altered_ticket_opens_nothing(hospital: Hospital, spoil: Any) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    ticket = hospital.open(cookie, patient.id)["ticket"]
    assert admits(hospital, ticket)
    assert not admits(hospital, spoil(ticket))


def test_an_expired_ticket_opens_nothing(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    answer = hospital.open(cookie, patient.id)
    hospital.sql("UPDATE gate.lease SET until = clock_timestamp() WHERE opening = %s", answer["opening"])
    assert not admits(hospital, answer["ticket"])


def test_the_row_holds_no_secret_and_says_what_was_opened(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    answer = hospital.open(cookie, patient.id, write=["clinical"])
    (entry,) = hospital.entries(account=person.account, kind="open")
    assert (entry["ids"], entry["reads"], entry["writes"]) == (
        [patient.id], ["clinical", "identity", "stay"], ["clinical"],
    )  # fmt: skip
    assert (entry["profession"], entry["site"], entry["basis"], entry["purpose"]) == (
        "nurse", hospital.site, "stay", "care",
    )  # fmt: skip
    secret = bytes.fromhex(answer["ticket"].split(".")[1])
    assert secret not in {bytes(entry["ticket_hash"]), bytes(entry["nonce"])}


# ── people who do not exist yet ─────────────────────────────────────────────────────────────────────────────────────


def test_a_known_foreign_id_comes_back_with_its_patient(hospital: Hospital) -> None:
    source = ["lab", uuid4().hex]
    arguments: dict[str, Any] = {
        "cookie": hospital.application(), "purpose": "import", "read": ["identity"], "write": ["identity"],
    }  # fmt: skip
    first = hospital.worker.call("open_new", subjects=[{"src": [source]}], **arguments)
    second = hospital.worker.call("open_new", subjects=[{"src": []}, {"src": [["x", "y"], source]}], **arguments)
    assert (first["known"], second["known"]) == ([False], [False, True])
    assert second["ids"][1] == first["ids"][0]


def test_one_foreign_id_twice_in_one_call_is_one_patient(hospital: Hospital) -> None:
    source = ["lab", uuid4().hex]
    answer = hospital.worker.call(
        "open_new", cookie=hospital.application(), subjects=[{"src": [source]}, {"src": [source]}], purpose="import",
        read=["identity"], write=["identity"],
    )  # fmt: skip
    assert answer["ids"][0] == answer["ids"][1]


def test_no_person_opens_new_people_and_no_application_opens_known_ones(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("physician", unit)
    with pytest.raises(Refused, match="wrong_socket"):
        hospital.web.call("open_new", cookie=cookie, subjects=[{"src": []}], purpose="x", read=["identity"], write=[])
    with pytest.raises(Refused, match="category_closed"):
        hospital.worker.call(
            "open_new",
            cookie=hospital.web.passing(cookie),
            subjects=[{"src": []}],
            purpose="x",
            read=["identity"],
            write=[],
        )
    assert refused(hospital, hospital.application(), patient.id) == "no_link"


def test_at_most_200_at_once(hospital: Hospital) -> None:
    assert len(set(hospital.open_new(200).ids)) == 200
    with pytest.raises(Refused, match="bad_request"):
        hospital.open_new(201)
    with pytest.raises(Refused, match="bad_request"):
        hospital.open_new(0)
