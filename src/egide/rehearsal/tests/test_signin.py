"""The visitor: what it sends as a page of ours would, what it keeps, and how a refused step is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from egide.rehearsal.signin import SignInFailed, Visitor, default_keys_url, sign_in


def _answers(body: Any) -> bool:
    """The right answer to c1, with a workstation's public key beside it."""
    return set(body) == {"challenge_id", "response", "device_key"} and (body["challenge_id"], body["response"]) == (
        "c1",
        {"ok": 1},
    )


class Web(BaseHTTPRequestHandler):
    """A sign-in that accepts one response, and remembers what it was sent."""

    seen: list[tuple[str, str, dict[str, str], bytes]] = []
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"<html>", ["csrftoken=abc; Path=/"])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.command, self.path, dict(self.headers.items()), body))
        if self.path == "/connexion/defi/":
            self._answer(200, json.dumps({"challenge_id": "c1", "options": {"challenge": "x"}}).encode(), [])
        elif self.path == "/connexion/preuve/" and _answers(json.loads(body)):
            self._answer(200, b"{}", ["egide_session=s1; HttpOnly; SameSite=Strict; Path=/", "csrftoken=def; Path=/"])
        elif self.path == "/deconnexion/":
            self._answer(302, b"", ['egide_session=""; Max-Age=0; Path=/'])
        else:
            self._answer(403, b'{"code": "bad_assertion", "message": "non"}', [])

    def _answer(self, status: int, body: bytes, cookies: list[str]) -> None:
        self.send_response(status)
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent."""


@pytest.fixture
def url() -> Iterator[str]:
    Web.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_ceremony_ends_with_a_session(url: str) -> None:
    with sign_in(
        url, "claire.morvan", make=lambda options: {"ok": 1} if options == {"challenge": "x"} else {}
    ) as visitor:
        assert visitor.cookies == {"csrftoken": "def", "egide_session": "s1"}
        _, _, headers, _ = Web.seen[0]
        assert headers["X-CSRFToken"] == "abc"
        assert headers["Sec-Fetch-Site"] == "same-origin"
        assert headers["Origin"] == url
        visitor.post("/deconnexion/")
        assert "egide_session" not in visitor.cookies


def test_a_refused_proof_is_told_by_its_step(url: str) -> None:
    with pytest.raises(SignInFailed) as refused:
        sign_in(url, "claire.morvan", make=lambda _: {"ok": 2})
    assert (refused.value.step, refused.value.status, refused.value.code) == ("preuve", 403, "bad_assertion")


def test_headers_can_be_lied_about_and_left_out(url: str) -> None:
    with Visitor(url) as visitor:
        visitor.post("/x/", {"a": "é"}, forge={"Sec-Fetch-Site": "cross-site", "Origin": None})
    _, _, headers, body = Web.seen[0]
    assert headers["Sec-Fetch-Site"] == "cross-site"
    assert "Origin" not in headers
    assert body == b"a=%C3%A9"


def test_addresses_are_checked() -> None:
    for wrong in ("localhost:8400", "ftp://localhost", "", "http://"):
        with pytest.raises(ValueError, match="not a web address"):
            Visitor(wrong)
    assert default_keys_url("http://localhost:8400") == "http://localhost:8401"
