"""The keeper's sockets: who may ask for what, and that nothing sent to them brings it down."""

import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgpack
import psycopg
import pytest

from egide.gate.tests.factories import Hospital
from egide.keeper import finding, server, verbs
from egide.keeper.client import Keeper
from egide.kernel import frames
from egide.kernel.capabilities import Refused
from egide.kernel.home import DOOR_SOCKETS, FINDER_SOCKETS, KEEPER_SOCKETS

ALLOWED = verbs.ALLOWED | finding.ALLOWED
EVERY_VERB = sorted(set().union(*ALLOWED.values()))


@pytest.fixture
def line(hospital: Hospital) -> Iterator[socket.socket]:
    """A bare connection to the web's socket."""
    with connected(hospital, "web") as conn:
        yield conn


def connected(hospital: Hospital, kind: str) -> socket.socket:
    conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    conn.settimeout(10)
    conn.connect(str(hospital.home.keeper_socket(kind)))
    return conn


def ask(conn: socket.socket, message: Any) -> dict[str, Any] | None:
    """One raw message; the answer, or None when the keeper hung up."""
    body = msgpack.packb(message, use_bin_type=True)
    conn.sendall(struct.pack(">I", len(body)) + body)
    try:
        return frames.receive(conn)
    except (frames.FrameError, ConnectionResetError):
        return None


def alive(hospital: Hospital) -> bool:
    keeper = Keeper(hospital.home.keeper_socket("auditor"))
    try:
        return bool(keeper.call("health")["base_id"])
    finally:
        keeper.close()


def test_the_readme_lists_every_verb_of_every_socket() -> None:
    text = (Path(verbs.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ((?:`\w+`(?:, )?)+) \|$", text, re.MULTILINE)
    assert {kind: frozenset(re.findall(r"`(\w+)`", listed)) for kind, listed in rows} == ALLOWED


@pytest.mark.parametrize("typed", ["\ud800", {"a\udfff": 1}, 10**40, -(10**40)])
def test_what_no_frame_carries_is_a_refusal_and_the_line_goes_on(hospital: Hospital, typed: Any) -> None:
    keeper = Keeper(hospital.home.keeper_socket("auditor"))
    try:
        before = keeper.call("health")["base_id"]
        with pytest.raises(Refused, match="bad_request"):
            keeper.call("health", typed=typed)
        assert keeper.call("health")["base_id"] == before
    finally:
        keeper.close()


def test_each_socket_answers_its_own_verbs_only(hospital: Hospital) -> None:
    assert set(verbs.ALLOWED) == set(DOOR_SOCKETS)
    assert set(finding.ALLOWED) == set(FINDER_SOCKETS)
    assert not finding.ALLOWED["finder"] & {"open", "open_new", "create", "resume", "sign_in", "who"}
    assert verbs.ALLOWED["trail"] == {"expect", "count", "masters"}
    assert verbs.ALLOWED["auditor"] == {"health"}
    assert verbs.ALLOWED["ops"] == {"enrol", "enrol_many", "health", "unlock", "keys", "rotate", "retire", "passphrase"}
    assert "open_new" not in verbs.ALLOWED["web"]
    assert "enrol" not in verbs.ALLOWED["worker"]  # the web enrols a key made in person, with a code
    assert "enrol_many" not in verbs.ALLOWED["web"] | verbs.ALLOWED["worker"]
    assert "open" not in verbs.ALLOWED["worker"]
    for kind in KEEPER_SOCKETS:
        with connected(hospital, kind) as conn:
            for verb in EVERY_VERB:
                answer = ask(conn, {"verb": verb})
                assert answer is not None
                assert (answer.get("refused") == "wrong_socket") == (verb not in ALLOWED[kind]), (kind, verb)


@pytest.mark.parametrize("step", ["begin", "finish", "application"])
@pytest.mark.parametrize("kind", ["web", "worker"])
def test_people_sign_in_through_the_web_and_programs_through_the_worker(
    hospital: Hospital, kind: str, step: str
) -> None:
    with connected(hospital, kind) as conn:
        answer = ask(conn, {"verb": "sign_in", "step": step})
    assert answer is not None
    assert (answer.get("refused") == "wrong_socket") == ((step == "application") != (kind == "worker"))


NO_VERB: list[Any] = ["answer", "_who", "__init__", "_session", "cookie", "", "who ", "WHO", None, 0, 1.5, True]


@pytest.mark.parametrize("verb", [*NO_VERB, b"who", [], {}, ["who"]])
def test_what_is_no_verb_is_refused(line: socket.socket, verb: Any) -> None:
    answer = ask(line, {"verb": verb, "cookie": "x"})
    assert answer is not None
    assert answer["refused"] in {"wrong_socket", "bad_request"}
    assert ask(line, {"verb": "health"}) is not None


ODD: list[Any] = [
    None, 0, -1, 2**63, 1.5, float("nan"), True, "", "é\x00", "x" * 100_000, b"", b"\xff" * 16, b"x" * 15, [], [[]],
    [None], [b"x"], ["identity"] * 300, {}, {"a": 1}, {1: 2}, "'; DROP TABLE accounts.session; --",
]  # fmt: skip
SOMEONE, OPENS = b"0123456789abcdef", {"purpose": "care", "read": ["identity"], "write": []}
SANE: dict[str, tuple[str, dict[str, Any]]] = {
    "prove": ("web", {"cookie": "B", "method": "GET", "path": "/", "given": ["x"], "hop": "x"}),
    "hop": ("web", {"cookie": "C", "path": "/"}),
    "who": ("web", {"cookie": "C"}),
    "who listens": ("live", {"cookie": "B", "proof": "x"}),
    "open": ("web", {"cookie": "C", "ids": [SOMEONE], "counted": False, **OPENS}),
    "open a unit": ("web", {"cookie": "C", "list": "unit", "list_id": SOMEONE, **OPENS}),
    "resume": ("web", {"cookie": "C", "opening": 1}),
    "revoke": ("web", {"cookie": "C", "session": SOMEONE}),
    "sign_in": (
        "web",
        {
            "step": "finish",
            "challenge_id": "x",
            "response": {"rawId": "AAAA"},
            "device": "x",
            "device_key": b"\x04" * 65,
        },
    ),
    "sign_in begin": ("web", {"step": "begin"}),
    "sign_in app": ("worker", {"step": "application", "site": SOMEONE, "manifest": "00" * 32, "purpose": "import"}),
    "open_new": ("worker", {"cookie": "A", "subjects": [{"src": [["a", "b"]]}], **OPENS}),
    "approve begin": (
        "web",
        {"cookie": "C", "step": "begin", "patient": SOMEONE, "kind": "break_glass", "reason": "x"},
    ),
    "approve finish": ("web", {"cookie": "C", "step": "finish", "act": SOMEONE, "response": {}, "words": "x"}),
    "words": ("web", {"cookie": "C", "entry": 1}),
    "search": ("finder", {"cookie": "C", "typed": {"name": "DURAND"}, "unmask": False, "domain": "entity"}),
    "spread": ("worker", {"cookie": "A", "opening": 1, "patient": SOMEONE, "traits": {}}),
    "present": ("finder", {"cookie": "C", "typed": {"name": "DURAND", "first_name": ""}}),
    "masks": ("finder", {"cookie": "C", "opening": 1, "patient": SOMEONE}),
    "open_contact": ("web", {"cookie": "C", "patient": SOMEONE, "kind": "phone", "counted": False}),
    "expect": ("trail", {"entry": 1, "leaf": b"x" * 31}),
    "count": (
        "trail",
        {"session": SOMEONE, "account": SOMEONE, "site": SOMEONE, "entry": 1, "ids": [SOMEONE]},
    ),
    "fresh begin": ("web", {"cookie": "C", "step": "begin"}),
    "fresh finish": ("web", {"cookie": "C", "step": "finish", "act": SOMEONE, "response": {}}),
    "enrol": ("ops", {"account": SOMEONE, "credential_id": b"x", "public_key": b"y", "aaguid": SOMEONE}),
}


@pytest.mark.parametrize("case", SANE)
def test_odd_arguments_are_refused_and_the_line_stays_open(hospital: Hospital, case: str) -> None:
    """Every argument, one at a time, replaced by each odd value; then one too many, then one too few."""
    kind, sane = SANE[case]
    verb = case.split(" ", maxsplit=1)[0]
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    real = {"C": hospital.web.passing(cookie), "B": str(cookie), "A": hospital.application()}
    sane = {name: real.get(value, value) if isinstance(value, str) else value for name, value in sane.items()}
    trials: list[dict[Any, Any]] = [sane | {name: odd} for name in sane for odd in ODD]
    trials += [sane | {"more": 1}, *({n: v for n, v in sane.items() if n != name} for name in sane), {}, {3: 4}]
    with connected(hospital, kind) as conn:
        for trial in trials:
            answer = ask(conn, {"verb": verb, **trial})
            assert answer is not None, f"hung up on {trial!r:.200}"
            if "refused" in answer:
                assert answer["refused"] != "database_down"
                assert set(answer) == {"refused"}
        assert ask(conn, {"verb": "health"}) is not None


def test_odd_arguments_leave_no_value_and_no_trace_in_the_log(hospital: Hospital) -> None:
    log = hospital.home.log_file("keeper")
    before = log.stat().st_size
    with connected(hospital, "web") as conn:
        ask(conn, {"verb": "who", "cookie": {"PLANTED": "secret-in-the-cookie"}})
        ask(
            conn, {"verb": "open", "cookie": "PLANTED", "ids": ["PLANTED"], "purpose": 3, "read": "PLANTED", "write": 1}
        )
        ask(conn, {"verb": ["PLANTED"]})
        ask(conn, {"verb": "open", "PLANTED": "PLANTED"})
        ask(conn, {"verb": "sign_in", "step": "finish", "challenge_id": "PLANTED", "response": {"rawId": "UExBTlRFRA"}})
    with log.open("rb") as file:
        file.seek(before)
        written = file.read().decode()
    assert "PLANTED" not in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", frames.MAX_FRAME + 1) + b"x",
        struct.pack(">I", 5) + b"\xc1\xc1\xc1\xc1\xc1",
        struct.pack(">I", 3) + b"abc",
        struct.pack(">I", 0),
        struct.pack(">I", 2) + b"\x91\x01",
        struct.pack(">I", 1) + b"\xc0",
        struct.pack(">I", 4000) + b"\x91" * 4000,
        struct.pack(">I", 5) + b"\xdf\xff\xff\xff\xff",
        struct.pack(">I", 6) + b"\x81\xa4verb",
        struct.pack(">I", 100) + b"half",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=lambda raw: raw[:12].hex(),
)
def test_what_is_no_frame_ends_that_line_and_no_other(hospital: Hospital, line: socket.socket, raw: bytes) -> None:
    with connected(hospital, "web") as other:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        try:
            rest = line.recv(10_000)
        except ConnectionResetError:
            rest = b""
        assert rest == b"" or b"refused" in rest
        assert ask(other, {"verb": "health"}) is not None
    assert alive(hospital)


def test_a_frame_may_come_in_pieces(line: socket.socket) -> None:
    body = msgpack.packb({"verb": "health"})
    for byte in struct.pack(">I", len(body)) + body:
        line.sendall(bytes((byte,)))
    assert (frames.receive(line) or {}).get("demo") is True


def test_a_message_over_8_mib_is_not_even_sent(hospital: Hospital) -> None:
    keeper = Keeper(hospital.home.keeper_socket("web"))
    with pytest.raises(Exception, match=r"too large|closed"):
        keeper.call("who", cookie="x" * (frames.MAX_FRAME + 1))
    keeper.close()
    assert alive(hospital)


def test_at_most_eighty_clients_and_the_next_is_turned_away_at_once(hospital: Hospital) -> None:
    with ExitStack() as stack:
        lines = [stack.enter_context(connected(hospital, "web")) for _ in range(server.MAX_CLIENTS + 10)]
        served = 0
        for conn in lines:
            try:
                served += ask(conn, {"verb": "who", "cookie": ""}) == {"refused": "session_ended"}
            except (BrokenPipeError, ConnectionResetError):
                continue
        assert server.MAX_CLIENTS - 15 <= served <= server.MAX_CLIENTS
    for _ in range(100):  # places are given back as the keeper sees them close
        try:
            if alive(hospital):
                break
        except Exception:  # noqa: BLE001 — turned away: try again
            time.sleep(0.02)
    assert alive(hospital)


def test_health_tells_no_key(hospital: Hospital) -> None:
    told = hospital.ops.call("health")
    assert told["demo"] is True
    assert set(told["key_ages"]) == {
        *["identity", "contact", "ins", "stay", "coding", "clinical", "protected"],
        *["session", "ticket", "token", "enrol", "trail", "checkpoint", "row", "source"],
    }
    assert not any(isinstance(value, bytes) for value in told.values())


def test_another_user_is_turned_away(hospital: Hospital) -> None:
    """The socket's peer, as the kernel knows it; only root can try as somebody else."""
    import os
    import pwd
    import subprocess
    import sys

    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    program = (
        "import socket, sys\n"
        "conn = socket.socket(socket.AF_UNIX); conn.settimeout(5); conn.connect(sys.argv[1])\n"
        "try:\n conn.sendall(b'\\x00\\x00\\x00\\x0d\\x81\\xa4verb\\xa6health'); sys.exit(0 if conn.recv(9) else 7)\n"
        "except OSError: sys.exit(7)\n"
    )
    for user, kind, code in (
        ("egide-web", "web", 0), ("egide-web", "worker", 7), ("egide-web", "ops", 7), ("egide-worker", "web", 7),
        ("egide-web", "trail", 7), ("egide-web", "finder", 0), ("egide-worker", "finder", 7),
        ("egide-keeper", "trail", 0), ("egide-worker", "worker", 0), ("nobody", "web", 7), ("egide-demo", "web", 7),
    ):  # fmt: skip
        entry = pwd.getpwnam(user)
        done = subprocess.run(
            [sys.executable, "-c", program, str(hospital.home.keeper_socket(kind))],
            user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd="/", check=False, capture_output=True,
        )  # fmt: skip
        assert done.returncode == code, (user, kind, done.stderr)


def test_a_lost_database_connection_is_made_again(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    opening = hospital.open(cookie, patient.id)["opening"]
    hospital.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'")
    assert hospital.open(cookie, patient.id)["opening"] == opening


def test_a_refusal_is_an_exception_with_its_code(hospital: Hospital) -> None:
    with pytest.raises(Refused) as refusal:
        hospital.web.call("who", cookie="")
    assert (refusal.value.code, refusal.value.message) == ("session_ended", "session_ended")


def test_the_keepers_role_reads_no_table(hospital: Hospital) -> None:
    for table in ("public.identity_trait", "gate.link", "accounts.session", "audit.entry"):
        with hospital.connect("keeper") as keeper, pytest.raises(psycopg.errors.InsufficientPrivilege):
            keeper.execute(f"SELECT * FROM {table}".encode())  # noqa: S608 — names of this line
