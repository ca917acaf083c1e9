"""Signing in as a script does: the real ceremony over HTTP (défi, key, preuve), and a client that keeps the session."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from egide.kernel.proofs import HEADER
from egide.rehearsal.workstation import Workstation

TIMEOUT_SECONDS = 30
CSRF_COOKIE = "csrftoken"
Assert = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class SignInFailed(Exception):
    """The ceremony did not end with a session; `status` and `code` are the server's."""

    def __init__(self, step: str, status: int, code: str) -> None:
        super().__init__(f"{step}: {status} {code}".strip())
        self.step = step
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, body whole. Header names are lower case; of several Set-Cookie the client keeps all."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; ValueError when it is not."""
        return json.loads(self.body)


class Visitor:
    """A browser without a screen: cookies, the CSRF token, the fetch metadata and the proof a page of ours would send.

    One connection, kept open; not for several threads at once. Redirects are not followed. `forge` headers replace ours
    (`None` leaves one out), so that a drill can lie about them.
    """

    def __init__(
        self, base_url: str, cookies: Mapping[str, str] | None = None, workstation: Workstation | None = None
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"not a web address: {base_url}")
        self.base_url = f"{parts.scheme}://{parts.netloc}"
        self.cookies: dict[str, str] = dict(cookies or {})
        self.workstation = workstation
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the cookies stay."""
        self._connection.close()

    def get(self, path: str, forge: Mapping[str, str | None] | None = None) -> Answer:
        """GET as a link of our own page does."""
        return self.request("GET", path, None, {"Sec-Fetch-Site": "same-origin"}, forge)

    def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        json_body: Any = None,
        forge: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """POST a form, or JSON, with the CSRF token that the last page gave."""
        headers = {
            "Sec-Fetch-Site": "same-origin",
            "Origin": self.base_url,
            "X-CSRFToken": self.cookies.get(CSRF_COOKIE, ""),
            "Content-Type": "application/x-www-form-urlencoded" if json_body is None else "application/json",
        }
        body = urlencode(form or {}).encode() if json_body is None else json.dumps(json_body).encode()
        return self.request("POST", path, body, headers, forge)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        forge: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Any request; a connection that the server closed meanwhile is opened again once (GET only)."""
        sent: dict[str, str | None] = {"Accept": "*/*", **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.workstation is not None:
            sent[HEADER] = self.workstation.proof(method, path)
        sent.update(forge or {})
        final = {name: value for name, value in sent.items() if value is not None}
        try:
            return self._once(method, path, body, final)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            if method != "GET":
                raise
            if self.workstation is not None and HEADER not in (forge or {}):
                final[HEADER] = self.workstation.proof(method, path)  # the first may have arrived
            return self._once(method, path, body, final)

    def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, path, body, dict(headers))
            response = self._connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, found, response.read())
        except BaseException:
            self._connection.close()
            raise
        if body is not None:
            # the server hangs up, a little later, when a view answered without reading all that was sent
            self._connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            self._keep(line)
        return answer

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


def by_service(keys_url: str, username: str, origin: str) -> Assert:
    """Assertions made by the demo's key service, for the account named."""

    def make(options: Mapping[str, Any]) -> Mapping[str, Any]:
        with Visitor(keys_url) as visitor:
            body = json.dumps({"username": username, "options": dict(options)}).encode()
            answer = visitor.request("POST", "/assertion", body, {"Content-Type": "application/json", "Origin": origin})
        if answer.status != http.client.OK:
            raise SignInFailed("clé", answer.status, _code(answer))
        found: Mapping[str, Any] = answer.json()
        return found

    return make


def by_registration(keys_url: str, username: str, origin: str) -> Assert:
    """New keys made by the demo's key service, in the place of the account's former one."""

    def make(options: Mapping[str, Any]) -> Mapping[str, Any]:
        plain = dict(options.get("publicKey", options))
        with Visitor(keys_url) as visitor:
            body = json.dumps({"username": username, "options": plain}).encode()
            headers = {"Content-Type": "application/json", "Origin": origin}
            answer = visitor.request("POST", "/registration", body, headers)
        if answer.status != http.client.OK:
            raise SignInFailed("clé", answer.status, _code(answer))
        found: Mapping[str, Any] = answer.json()
        return found

    return make


def sign_in(
    base_url: str, username: str, keys_url: str | None = None, make: Assert | None = None,
    cookies: Mapping[str, str] | None = None,
) -> Visitor:  # fmt: skip
    """A visitor signed in as `username`, with the demo's key service (default: the port after the web's) or `make`.

    `cookies`: what this browser bore already. Raises SignInFailed with the step that refused, OSError when nobody
    answers.
    """
    visitor = Visitor(base_url, cookies)
    try:
        _ceremony(visitor, make or by_service(keys_url or default_keys_url(base_url), username, visitor.base_url))
    except BaseException:
        visitor.close()
        raise
    return visitor


def _ceremony(visitor: Visitor, make: Assert) -> None:
    opened = visitor.get("/connexion/")
    if opened.status != http.client.OK:
        raise SignInFailed("connexion", opened.status, _code(opened))
    challenge = visitor.post("/connexion/defi/", json_body={})
    if challenge.status != http.client.OK:
        raise SignInFailed("défi", challenge.status, _code(challenge))
    asked = challenge.json()
    options = asked["options"].get("publicKey", asked["options"])
    workstation = Workstation()
    answer = {"challenge_id": asked["challenge_id"], "response": make(options), "device_key": workstation.named}
    proof = visitor.post("/connexion/preuve/", json_body=answer)
    if not http.client.OK <= proof.status < http.client.MULTIPLE_CHOICES:
        raise SignInFailed("preuve", proof.status, _code(proof))
    visitor.workstation = workstation


def default_keys_url(base_url: str) -> str:
    """Where the supervisor starts the key service: the port after the web's, on localhost."""
    parts = urlsplit(base_url)
    return f"http://localhost:{(parts.port or 80) + 1}"


def _code(answer: Answer) -> str:
    try:
        found = answer.json()
        return str(found.get("code") or found.get("error") or "")
    except (ValueError, AttributeError):
        return ""
