"""A browser for page tests: Django's test client with the real cookie and fetch metadata, and a count of statements."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection
from django.http import HttpResponse
from django.test import Client
from psycopg import pq

from egide.kernel.proofs import HEADER, STATION
from egide.rehearsal.workstation import Workstation

TOKEN = "a" * 32


class Browser:
    """One browser, its CSRF cookie set. `forge` headers replace ours, None leaves one out."""

    def __init__(self, cookie: str | None = None) -> None:
        self.client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost", SERVER_PORT=str(settings.PORT))
        self.client.cookies[settings.CSRF_COOKIE_NAME] = TOKEN
        # of a Bearer, its own; a bare cookie is a copy; where nobody is signed in, the key of whoever comes
        self.workstation = Workstation() if cookie is None else getattr(cookie, "workstation", None)
        if cookie is None and self.workstation is not None:
            self.client.cookies[STATION] = self.workstation.named
        if cookie is not None:
            self.client.cookies[settings.SESSION_COOKIE] = str(cookie)

    def get(self, path: str, htmx: bool = False, **forge: str | None) -> HttpResponse:
        """GET as a link of our own page does."""
        return self.client.get(path, headers=self._headers("GET", path, htmx, forge))  # type: ignore[return-value]

    def post(
        self, path: str, form: dict[str, Any] | None = None, htmx: bool = False, **forge: str | None
    ) -> HttpResponse:
        """POST as a form of our own page does."""
        return self.client.post(path, form or {}, headers=self._headers("POST", path, htmx, forge))  # type: ignore[return-value]

    def post_json(self, path: str, body: Any, **forge: str | None) -> Any:
        """POST as the sign-in script does."""
        headers = self._headers("POST", path, False, forge)
        return self.client.post(path, body, content_type="application/json", headers=headers)

    def post_raw(self, path: str, body: bytes, **forge: str | None) -> HttpResponse:
        """POST these very bytes as a form."""
        return self.client.post(  # type: ignore[return-value]
            path,
            body,
            content_type="application/x-www-form-urlencoded",
            headers=self._headers("POST", path, False, forge),
        )

    def _headers(self, method: str, path: str, htmx: bool, forge: dict[str, str | None]) -> dict[str, str]:
        close_old_connections()  # as a server does when a request begins; Django's test client leaves it out
        token = self.client.cookies[settings.CSRF_COOKIE_NAME].value
        headers: dict[str, str | None] = {"Sec-Fetch-Site": "same-origin", "X-CSRFToken": token}
        if self.workstation is not None:
            headers[HEADER] = self.workstation.proof(method, path)
        if htmx:
            headers["HX-Request"] = "true"
        headers |= {name.replace("_", "-"): value for name, value in forge.items()}
        return {name: value for name, value in headers.items() if value is not None}


def text(response: HttpResponse) -> str:
    """The body as a person reads it, roughly: tags out, spaces folded."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


class Statements(list[str]):
    """What libpq sent to be executed, one line a statement."""


@contextmanager
def statements() -> Iterator[Statements]:
    """Counts on the wire (libpq's own trace), so that nothing counts twice or hides: BEGIN and COMMIT count too."""
    connection.ensure_connection()
    raw = connection.connection
    found = Statements()
    with tempfile.TemporaryFile("w+b") as file:
        raw.pgconn.trace(file.fileno())
        raw.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield found
        finally:
            if connection.connection is not raw:
                raise AssertionError("the page changed its connection: its statements were not counted")
            raw.pgconn.untrace()
        file.seek(0, os.SEEK_SET)
        for line in file.read().decode("utf-8", "replace").splitlines():
            parts = line.split("\t")
            if len(parts) > 2 and parts[0] == "F" and parts[2] in {"Query", "Execute"}:
                found.append(" ".join(parts[2:])[:120])
