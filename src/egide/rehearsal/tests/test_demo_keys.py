"""The key service: whom it answers, what it refuses, when it does not start."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egide.keeper import masters
from egide.kernel.home import Home
from egide.rehearsal import demo_keys, hospital, staff, staffing
from egide.rehearsal.demo_keys import NotADemo, Service, owner_of_peer, refuse_unless_demo
from egide.rehearsal.signin import Answer, Visitor
from egide.rehearsal.softkey import b64

ORIGIN = "http://localhost:8400"
OPTIONS = {"challenge": "A" * 43, "rpId": "localhost"}


def a_home(root: Path, **changes: Any) -> Home:
    home = Home(root)
    certificate = {"base_id": "0" * 32, "demo": True, "born": "2026-01-01T00:00:00+00:00", "signature": "ab" * 64}
    home.base_json.write_text(json.dumps({**certificate, **changes}))
    for folder in (home.demo_keys, home.demo):
        folder.mkdir(exist_ok=True)
    return home


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    home = a_home(tmp_path)
    staffing.make_keys(home.demo_keys, ORIGIN)
    staffing.write_listing(home)
    with Service(home, 0, ORIGIN, frozenset()) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()


def ask(service: Service, body: bytes | None = None, path: str = "/assertion", **headers: str | None) -> Answer:
    sent = {"Content-Type": "application/json", "Origin": ORIGIN}
    sent |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    content = json.dumps({"username": "claire.morvan", "options": OPTIONS}).encode() if body is None else body
    with Visitor(f"http://127.0.0.1:{service.server_address[1]}") as visitor:
        return visitor.request("POST", path, content, {k: v for k, v in sent.items() if headers.get(k, "") is not None})


def register(service: Service, body: Any) -> Answer:
    return ask(service, json.dumps(body).encode(), "/registration")


def test_a_page_of_ours_gets_an_assertion(service: Service) -> None:
    answer = ask(service)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.json()["type"] == "public-key"
    assert "private" not in answer.text


def test_the_accounts_that_have_a_key_are_listed(service: Service) -> None:
    with Visitor(f"http://127.0.0.1:{service.server_address[1]}") as visitor:
        found = visitor.get("/accounts").json()["accounts"]
        assert len(found) == len(staff.accounts())
        assert visitor.get("/claire.morvan.json").status == 404


def test_a_new_key_takes_the_place_of_the_former_one_of_its_account(service: Service) -> None:
    user = {"id": b64(hospital.account("claire.morvan").id.bytes), "name": "claire.morvan"}
    wanted = {"challenge": b64(bytes(32)), "rp": {"id": "localhost"}, "user": user}
    before = ask(service).json()["id"]
    made = register(service, {"username": "claire.morvan", "options": wanted})
    assert made.status == 200
    assert made.json()["id"] != before
    assert ask(service).json()["id"] == made.json()["id"]
    for bad in ({}, {"username": "../x", "options": wanted}, {"username": "claire.morvan", "options": {"rp": 1}}):
        assert register(service, bad).status == 400


@pytest.mark.parametrize("origin", ["http://localhost:8401", "http://evil.example", "null", "https://localhost:8400"])
def test_another_origin_is_refused(service: Service, origin: str) -> None:
    assert ask(service, Origin=origin).status == 403


def test_another_host_name_is_refused(service: Service) -> None:
    assert ask(service, Host="evil.example").status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"\x00\xff", 400),
        (b"[" * 4000, 400),
        (b'{"username": 5, "options": {}}', 404),
        (b'{"username": "../../etc/passwd", "options": {}}', 404),
        (b'{"username": "nobody", "options": {}}', 404),
        (b'{"username": "claire.morvan", "options": 3}', 400),
        (b'{"username": "claire.morvan", "options": {}}', 400),
        (b'{"username": "claire.morvan", "options": {"rpId": "evil.example"}}', 403),
        (b'{"username": "' + b"x" * 9000 + b'"}', 413),
    ],
)
def test_bad_requests_are_refused_and_the_service_goes_on(service: Service, body: bytes, status: int) -> None:
    assert ask(service, body).status == status
    assert ask(service).status == 200


def test_a_form_cannot_be_posted_without_preflight(service: Service) -> None:
    assert ask(service, Content_Type="text/plain").status == 415


def test_a_process_of_a_refused_user_is_refused(service: Service) -> None:
    service.refused = frozenset({os.geteuid()})
    assert ask(service).status == 403
    service.refused = frozenset({os.geteuid() + 1})
    assert ask(service).status == 200


def test_the_owner_of_a_peer_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        client.connect(listening.getsockname())
        assert owner_of_peer(client.getsockname(), listening.getsockname()) == os.geteuid()
        assert owner_of_peer(("127.0.0.1", 1), listening.getsockname()) is None
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_INET6) as client,
    ):
        client.connect((f"::ffff:{listening.getsockname()[0]}", listening.getsockname()[1]))
        accepted, peer = listening.accept()
        with accepted:
            assert owner_of_peer(peer, accepted.getsockname()) == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_code_run_by_the_web_users_account_gets_neither_key_nor_assertion(service: Service) -> None:
    """Seen from a process of another user: the request is refused by its socket's owner."""
    other = 54321
    service.refused = frozenset({other})
    script = (
        "import http.client,json,sys\n"
        "c=http.client.HTTPConnection('127.0.0.1',int(sys.argv[1]),timeout=5)\n"
        "c.request('POST','/assertion',sys.argv[2],{'Content-Type':'application/json'})\n"
        "print(c.getresponse().status)\n"
        "try: open(sys.argv[3]); print('read')\n"
        "except PermissionError: print('closed')\n"
    )
    path = service.keys._folder / "claire.morvan.json"
    body = json.dumps({"username": "claire.morvan", "options": OPTIONS})
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script, str(service.server_address[1]), body, str(path)],
        user=other, group=other, extra_groups=[], cwd="/", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["403", "closed"]


def test_the_birth_certificate_is_checked_not_believed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    masters.make(home.keeper_masters, home.keeper_birth, demo=True)
    born = json.loads(home.keeper_birth.read_text())
    home.base_json.write_text(json.dumps(born))
    refuse_unless_demo(home)
    for field, other in (("born", "2020-01-01T00:00:00+00:00"), ("base_id", "1" * 32), ("signature", "ab" * 64)):
        home.base_json.write_text(json.dumps({**born, field: other}))
        with pytest.raises(NotADemo, match="signature"):
            refuse_unless_demo(home)


def test_it_does_not_start_on_a_base_that_is_no_demo(tmp_path: Path) -> None:
    for changes in ({"demo": False}, {"signature": ""}):
        with pytest.raises(NotADemo):
            refuse_unless_demo(a_home(tmp_path, **changes))
    (tmp_path / "base.json").write_text("{")
    with pytest.raises(NotADemo):
        refuse_unless_demo(Home(tmp_path))
    (tmp_path / "base.json").unlink()
    with pytest.raises(NotADemo):
        refuse_unless_demo(Home(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "egide.rehearsal.demo_keys", "--home", str(tmp_path), "--port", "0"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_web_is_among_the_refused() -> None:
    assert "egide-web" in demo_keys.PROCESS_USERS
