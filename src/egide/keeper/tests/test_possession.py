"""What a session's cookie is worth with its workstation's proof, with a bad one, and with none."""

import base64
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate.tests.factories import Hospital
from egide.keeper import possession
from egide.keeper.locking import Reopening
from egide.keeper.masters import Masters
from egide.keeper.possession import HOP_MS, Memory, Once, Possession, point_of, signed
from egide.keeper.sessions import PASS_MS, Bound, No, Sessions
from egide.keeper.stations import Stations
from egide.kernel import proofs
from egide.kernel.capabilities import Refused
from egide.kernel.proofs import AHEAD_MS, ALONE, ASKED, CAME, PAST_MS
from egide.rehearsal.workstation import Bearer, Workstation

NOW = 1_795_510_800.0
PATH = "/dossier/1/"


class Trail:
    """Stands for the keeper's connection: remembers which lines were written. `taken_up`: sessions bound anew."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []
        self.taken_up: list[dict[str, Any]] = []

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> "Trail":
        function = statement.split("(", 1)[0].rsplit(".", 1)[1]
        if function != "rebound":
            self.lines.append((function, *values))
        return self

    def fetchall(self) -> list[dict[str, Any]]:
        return self.taken_up


class Gone(Trail):
    """A line that the base hangs up in the middle of a request."""

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Trail:
        if "accounts.used(" in statement:
            raise psycopg.OperationalError("gone")
        return super().execute(statement, values)


class Desk:
    """One session at one workstation, before a keeper whose clock a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.sessions = Sessions(Masters({"session": {1: b"k" * 32}}, {}, "", demo=False, born=""))
        self.keeper = Possession(self.sessions, Memory(lambda: self.now))
        self.now += 60  # the keeper has been up for a while
        self.here, self.session, self.account, self.trail = Workstation(), uuid4(), uuid4(), Trail()
        self.cookie = self.sessions.cookie(self.session, self.account, point_of(self.here.point))

    def tries(self, *given: object, method: str = "GET", path: str = PATH, hop: object = None) -> str:
        """`asked` or `came` for a pass, else the refusal."""
        try:
            passed = self.keeper.prove(self.trail, self.cookie, method, path, given, hop)
        except No as refusal:
            return refusal.code
        return "asked" if self.sessions.asked(passed) else "came"

    def proof(self, method: str = "GET", path: str = PATH, how: str = ASKED, at: float | None = None) -> str:
        return self.here.proof(method, path, how, self.now if at is None else at)


def bound(session: UUID) -> Bound:
    return Bound(session, uuid4(), b"")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_proof_makes_a_pass_once(desk: Desk) -> None:
    one = desk.proof()
    assert (desk.tries(one), desk.tries(one)) == ("asked", "proof_used")
    assert desk.tries(desk.proof(how=CAME)) == "came"


def test_a_proof_of_which_nothing_came_because_the_base_was_gone_may_come_again(desk: Desk) -> None:
    one, line, desk.trail = desk.proof(), desk.trail, Gone()
    with pytest.raises(psycopg.OperationalError):
        desk.tries(one)
    desk.trail = line
    assert (desk.tries(one), desk.tries(one)) == ("asked", "proof_used")
    assert [name for name, *_ in line.lines] == ["used", "unproven"]


def test_the_good_one_of_several_is_enough_and_the_others_are_let_be(desk: Desk) -> None:
    old, used = desk.proof(at=desk.now - 60), desk.proof()
    desk.tries(used)
    assert desk.tries("x", old, used, desk.proof()) == "asked"
    assert desk.tries("x", "x", "x", "x", desk.proof()) == "proof_wrong"  # four are looked at


def test_of_another_method_address_key_or_moment_it_is_none(desk: Desk) -> None:
    for wrong in (desk.proof("POST"), desk.proof(path="/dossier/2/"), Workstation().proof("GET", PATH, at=desk.now)):
        assert desk.tries(wrong) == "proof_wrong"
    assert desk.tries(desk.proof(path=PATH + "?a=1")) == "asked"  # what is asked after the address is not signed


@pytest.mark.parametrize(
    ("late", "verdict"),
    [(PAST_MS, "asked"), (PAST_MS + 1, "proof_old"), (-AHEAD_MS, "asked"), (-AHEAD_MS - 1, "proof_old")],
)
def test_both_sides_of_its_time(desk: Desk, late: int, verdict: str) -> None:
    assert desk.tries(desk.proof(at=desk.now - late / 1000)) == verdict


def test_what_was_used_is_remembered_longer_than_it_would_be_valid(desk: Desk) -> None:
    one = desk.proof(at=desk.now + AHEAD_MS / 1000)
    assert desk.tries(one) == "asked"
    desk.now += (PAST_MS + AHEAD_MS) / 1000
    assert desk.tries(one) == "proof_used"
    desk.now += 0.001
    assert desk.tries(one) == "proof_old"


def test_a_proof_of_before_a_restart_is_too_old_after_it(desk: Desk) -> None:
    before = desk.proof()
    desk.keeper = Possession(desk.sessions, Memory(lambda: desk.now))
    assert desk.tries(before) == "asked"  # the same millisecond
    desk.now += 0.001
    desk.keeper = Possession(desk.sessions, Memory(lambda: desk.now))
    assert desk.tries(before) == "proof_old"


def test_a_change_of_keys_forgets_no_proof_and_refuses_none(desk: Desk) -> None:
    memory = Memory(lambda: desk.now)
    desk.keeper, desk.now = Possession(desk.sessions, memory), desk.now + 60
    used, coming = desk.proof(), desk.proof()
    assert desk.tries(used) == "asked"
    desk.now += 0.5
    both = Sessions(Masters({"session": {1: b"k" * 32, 2: b"l" * 32}}, {}, "", demo=False, born=""))
    desk.sessions, desk.keeper = both, Possession(both, memory)
    assert desk.tries(coming) == "asked"
    assert desk.tries(used) == "proof_used"
    desk.sessions = Sessions(Masters({"session": {2: b"l" * 32}}, {}, "", demo=False, born=""))
    desk.keeper = Possession(desk.sessions, memory)
    assert desk.tries(desk.proof()) == "session_ended"  # her session was of the version that went


ODD: list[object] = [
    None, 0, b"x", [], {}, "", "x" * 300, "1.2.l.3", "é" * 100, "1795510800000.AAAAAAAAAAAAAAAA.l." + "A" * 86,
    "1795510800000.AAAAAAAAAAAAAAAA.z." + "A" * 86, "1795510800000.AAAAAAAAAAAAAAAA.l." + "-" * 86,
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_proof_is_wrong(desk: Desk, odd: object) -> None:
    assert desk.tries(odd) == "proof_wrong"


def test_none_at_all_is_missing_and_a_line_a_minute_says_so(desk: Desk) -> None:
    for _ in range(3):
        assert desk.tries() == "proof_missing"
    assert desk.trail.lines == [("unproven", desk.session, desk.account, "proof_missing")]
    desk.tries("x")
    assert [line[-1] for line in desk.trail.lines] == ["proof_missing", "proof_wrong"]
    desk.now += possession.TOLD_EVERY
    desk.tries()
    assert len(desk.trail.lines) == 3


@pytest.mark.parametrize("place", [0, 20, 40, 70, 96])
def test_a_cookie_with_one_bit_turned_is_forged_and_leaves_a_row(desk: Desk, place: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(desk.cookie + "=="))
    raw[place] ^= 1
    desk.cookie = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert desk.tries(desk.proof()) == "session_ended"
    assert [line[0] for line in desk.trail.lines] == ["forged"]


# ── passes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cookie_alone_is_no_pass_and_a_pass_no_cookie(desk: Desk) -> None:
    passed = desk.keeper.prove(desk.trail, desk.cookie, "GET", PATH, [desk.proof()])
    with pytest.raises(No, match="proof_missing"):
        desk.sessions.read(desk.trail, desk.cookie)
    with pytest.raises(No, match="session_ended"):
        desk.sessions.bound(desk.trail, passed)


@pytest.mark.parametrize(("after", "ends"), [(PASS_MS, False), (PASS_MS + 1, True)])
def test_a_pass_ends(monkeypatch: pytest.MonkeyPatch, desk: Desk, after: int, ends: bool) -> None:
    passed = desk.sessions.passing(Bound(desk.session, desk.account, b""), asked=True, now=int(NOW * 1000))
    monkeypatch.setattr("egide.keeper.sessions.time.time", lambda: NOW + after / 1000)
    if ends:
        with pytest.raises(No, match="proof_old"):
            desk.sessions.read(desk.trail, passed)
    else:
        assert desk.sessions.read(desk.trail, passed) == (desk.session, desk.account)


# ── redirects ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_redirect_is_let_through_once_to_its_own_address(desk: Desk) -> None:
    hop = desk.keeper.hop(bound(desk.session), PATH, asked=True)
    assert desk.tries(hop=hop, path="/dossier/2/") == "proof_missing"
    assert desk.tries(hop=hop, method="POST") == "proof_missing"
    assert (desk.tries(hop=hop), desk.tries(hop=hop)) == ("asked", "proof_missing")
    assert desk.tries(hop=desk.keeper.hop(bound(desk.session), PATH, asked=False)) == "came"
    assert desk.tries(hop=desk.keeper.hop(bound(uuid4()), PATH, asked=True)) == "proof_missing"


@pytest.mark.parametrize(("after", "verdict"), [(HOP_MS, "asked"), (HOP_MS + 1, "proof_missing")])
def test_both_sides_of_a_redirects_time(desk: Desk, after: int, verdict: str) -> None:
    hop = desk.keeper.hop(bound(desk.session), PATH, asked=True)
    desk.now = round(desk.now * 1000 + after) / 1000
    assert desk.tries(hop=hop) == verdict


@pytest.mark.parametrize("odd", ["", "x", "A" * 71, "A" * 300, "é", None, 3, b"x"])
def test_what_is_no_redirects_word_is_none(desk: Desk, odd: object) -> None:
    assert desk.tries(hop=odd) == "proof_missing"


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bad", [b"", b"\x04" * 65, b"\x02" * 33, b"\x04" + bytes(64), Workstation().point[:-1], b"\0"])
def test_what_is_no_point_of_the_curve_binds_no_session(hospital: Hospital, bad: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        point_of(bad)
    person, begun = hospital.person("nurse", hospital.unit()), hospital.web.call("sign_in", step="begin")
    response = person.key.assertion(begun["options"], hospital.origin)
    with pytest.raises(Exception, match="bad_request"):
        hospital.web.call(
            "sign_in", step="finish", challenge_id=begun["challenge_id"], response=response, device_key=bad
        )
    assert hospital.value("SELECT count(*) FROM accounts.session WHERE account = %s", person.account) == 0


def test_both_halves_of_the_curve_make_good_points() -> None:
    stations = [Workstation() for _ in range(12)]
    assert {point_of(one.point)[0] for one in stations} == {2, 3}
    for one in stations:
        text = proofs.signed_text("GET", "/", 1, "n", ASKED)
        proof = proofs.parse(one.proof("GET", "/", at=0.001).rjust(1))
        assert proof is None or not signed(point_of(one.point), proof.signature, text)


def test_what_was_used_is_forgotten_in_the_end() -> None:
    once = Once(1000)
    assert (once.use(b"a", 0), once.use(b"a", 1999)) == (True, False)
    assert once.use(b"a", 4000)


def test_a_session_taken_up_with_another_key_is_worth_nothing_with_the_former(desk: Desk) -> None:
    assert desk.tries(desk.proof()) == "asked"
    there = Workstation()
    desk.keeper.bind(desk.trail, desk.session, point_of(there.point))
    assert desk.tries(desk.proof()) == "proof_wrong"
    former, desk.here = desk.here, there
    desk.cookie = desk.sessions.cookie(desk.session, desk.account, point_of(there.point))
    assert desk.tries(desk.proof()) == "asked"
    # a keeper that starts learns it from the base
    desk.trail.taken_up = [{"session": desk.session, "point": point_of(there.point)}]
    desk.keeper = Possession(desk.sessions, Memory(lambda: desk.now))
    desk.now += 1
    assert desk.tries(desk.proof()) == "asked"
    desk.here, desk.cookie = former, desk.sessions.cookie(desk.session, desk.account, point_of(former.point))
    assert desk.tries(desk.proof()) == "proof_wrong"


def test_a_session_taken_up_before_the_base_was_read_is_not_forgotten_by_the_reading(desk: Desk) -> None:
    """The base's answer may be older than what was taken up meanwhile."""
    desk.keeper.bind(desk.trail, desk.session, point_of(Workstation().point))
    assert desk.tries(desk.proof()) == "proof_wrong"


def test_sessions_taken_up_are_let_go_once_they_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(possession, "MANY", 3)
    there = point_of(Workstation().point)
    for _ in range(9):
        desk.keeper.bind(desk.trail, uuid4(), there)
    assert len(desk.keeper._rebound or {}) <= 3
    desk.trail.taken_up = [{"session": desk.session, "point": there}]  # lives, and is read again with the next
    for _ in range(3):
        desk.keeper.bind(desk.trail, uuid4(), there)
    assert desk.tries(desk.proof()) == "proof_wrong"


def test_a_pass_given_before_goes_on_and_a_proof_does_not(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egide.keeper.sessions.time.time", lambda: desk.now)
    passed = desk.keeper.prove(desk.trail, desk.cookie, "GET", PATH, [desk.proof()])
    desk.keeper.bind(desk.trail, desk.session, point_of(Workstation().point))
    assert desk.sessions.read(desk.trail, passed) == (desk.session, desk.account)
    assert desk.tries(desk.proof()) == "proof_wrong"
    desk.now += PASS_MS / 1000 + 0.001
    with pytest.raises(No, match="proof_old"):
        desk.sessions.read(desk.trail, passed)


class Strangers(Trail):
    """A base that knows no workstation."""

    def fetchone(self) -> None:
        return None


def test_a_stranger_s_machine_fills_no_memory(desk: Desk) -> None:
    stations = Stations({1: b"m" * 32}, Reopening(None, None), desk.keeper, None)  # type: ignore[arg-type]
    for _ in range(9):
        machine = Workstation()
        given = {"key": machine.point, "proof": machine.proof("POST", "/connexion/poste/", at=desk.now)}
        assert stations.here(Strangers(), "/connexion/poste/", given) is None
    assert desk.keeper._used._now == set()


def test_what_is_used_is_written_every_twenty_seconds_of_a_hand_s_work_only(desk: Desk) -> None:
    used = [("used", desk.session, desk.account)]
    for how in (CAME, ALONE):
        desk.tries(desk.proof(how=how))
    assert desk.trail.lines == []
    desk.tries(desk.proof())
    desk.tries(desk.proof())
    assert desk.trail.lines == used
    desk.now += 19.9
    desk.tries(desk.proof())
    assert desk.trail.lines == used
    desk.now += 0.2
    desk.tries(desk.proof())
    assert desk.trail.lines == used * 2


# ── over the real keeper ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_copied_cookie_opens_nothing_and_is_in_the_trail_and_its_owner_goes_on(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", unit)
    copy = str(cookie)
    calls: list[Callable[[], object]] = [
        lambda: hospital.web.call("who", cookie=copy),
        lambda: hospital.web.call("prove", cookie=copy, method="GET", path="/", given=[]),
        lambda: hospital.open(copy, patient.id),
        lambda: hospital.open(Bearer.of(copy, Workstation()), patient.id),
    ]
    for call in calls:
        with pytest.raises(Exception, match="proof_"):
            call()
    reasons = [entry["reason"] for entry in hospital.entries(account=person.account, kind="refuse")]
    assert sorted(reasons) == ["proof_missing", "proof_wrong"]
    assert hospital.open(cookie, patient.id)["opening"]


def test_signing_in_over_a_session_ends_it_when_its_key_says_so(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    begun, there = hospital.web.call("sign_in", step="begin"), Workstation()
    response = person.key.assertion(begun["options"], hospital.origin)
    answer = hospital.web.call(
        "sign_in", step="finish", challenge_id=begun["challenge_id"], response=response, device_key=there.point,
        over=hospital.web.passing(cookie),
    )  # fmt: skip
    assert hospital.web.call("who", cookie=Bearer.of(answer["cookie"], there))
    with pytest.raises(Exception, match="session_ended"):
        hospital.web.call("who", cookie=cookie)


@pytest.mark.parametrize("over", ["copy", "program", "nothing"])
def test_a_copy_ends_no_session_by_signing_in_over_it(hospital: Hospital, over: str) -> None:
    thief = hospital.person("nurse", hospital.unit())
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    given: dict[str, Callable[[], str]] = {"copy": lambda: str(cookie), "program": hospital.application, "nothing": str}
    begun = hospital.web.call("sign_in", step="begin")
    response = thief.key.assertion(begun["options"], hospital.origin)
    with suppress(Refused):  # refused or not, the session lives
        hospital.web.call(
            "sign_in", step="finish", challenge_id=begun["challenge_id"], response=response,
            device_key=Workstation().point, over=given[over](),
        )  # fmt: skip
    assert hospital.web.call("who", cookie=cookie)
    assert UUID(bytes=hospital.worker.call("who", cookie=hospital.application())["actor"]["session"])


def test_the_owner_of_a_session_whose_proof_was_presented_again_is_told_once(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    other, beside = hospital.signed_in("nurse", hospital.unit())
    proof = cookie.workstation.proof("GET", "/")
    hospital.web.call("prove", cookie=str(cookie), method="GET", path="/", given=[proof])
    for _ in range(2):
        with pytest.raises(Refused, match="proof_used"):
            hospital.web.call("prove", cookie=str(cookie), method="GET", path="/", given=[proof])
    with pytest.raises(Refused, match="proof_missing"):
        hospital.web.call("prove", cookie=str(beside), method="GET", path="/", given=[])
    told = "SELECT count(*) FROM accounts.notice WHERE account = %s AND kind = 'session_copied'"
    assert (hospital.value(told, person.account), hospital.value(told, other.account)) == (1, 0)
