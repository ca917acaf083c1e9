"""What is asked of Pro Santé Connect: its pages and keys, and an ID token for a code (RFC 6749, 7636, 7523)."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from egide.kernel.home import Home
from egide.kernel.prosante import ProSante, is_private

FRESH_SECONDS: Final = 300
_TIMEOUT: Final = (5, 10)
_LARGEST: Final = 256 * 1024
_BY_KEY, _BY_SECRET = "private_key_jwt", "client_secret_post"
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class NoAnswer(Exception):
    """Pro Santé Connect did not answer, or not as it says it does; the code goes to the page, nothing of the answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Relay:
    """Keeps the provider's addresses and public keys where web and keeper read them; exchanges codes."""

    def __init__(self, configured: ProSante, home: Home) -> None:
        self._configured = configured
        self._home = home
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._provider: dict[str, str] = {}

    def refresh(self) -> None:
        """Read discovery and keys anew unless that was done five minutes ago; NoAnswer leaves what was there."""
        with self._lock:
            if time.monotonic() - self._read_at < FRESH_SECONDS and self._provider:
                return
            found = self._get(self._configured.discovery)
            provider = {name: str(found.get(name, "")) for name in _ENDPOINTS}
            if found.get("issuer") != self._configured.issuer or not all(map(is_private, provider.values())):
                raise NoAnswer("psc_down")
            keys = self._get(provider["jwks_uri"])
            _write(self._home.psc_jwks, keys)
            _write(self._home.psc_provider, {"authorization_endpoint": provider["authorization_endpoint"]})
            self._provider, self._read_at = provider, time.monotonic()

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token that answers a code, once. It is believed by nobody here: the keeper verifies it."""
        self.refresh()
        with self._session(redirect_uri) as session:
            try:
                token = session.fetch_token(
                    self._provider["token_endpoint"], grant_type="authorization_code", code=code,
                    code_verifier=verifier, timeout=_TIMEOUT, allow_redirects=False,
                )  # fmt: skip
            except Exception as error:  # whatever the provider or the network answers, the person is told one sentence
                raise NoAnswer("psc_down" if isinstance(error, requests.ConnectionError) else "psc_refused") from error
        found = token.get("id_token")
        if not isinstance(found, str) or len(found) > _LARGEST:
            raise NoAnswer("psc_refused")
        return found

    def _session(self, redirect_uri: str) -> OAuth2Session:
        key, secret = self._home.psc_key, self._home.psc_secret
        if key.exists():
            session = OAuth2Session(
                self._configured.client_id, key.read_text(encoding="ascii"),
                token_endpoint_auth_method=_BY_KEY, redirect_uri=redirect_uri,
            )  # fmt: skip
            # RFC 7523 §3: the assertion names this token endpoint, and serves once
            session.register_client_auth_method(
                PrivateKeyJWT(self._provider["token_endpoint"], claims={"jti": uuid4().hex})
            )
        elif secret.exists():
            session = OAuth2Session(
                self._configured.client_id, secret.read_text(encoding="ascii").strip(),
                token_endpoint_auth_method=_BY_SECRET, redirect_uri=redirect_uri,
            )  # fmt: skip
        else:
            raise NoAnswer("psc_down")
        self._way_out(session)
        return session

    def _way_out(self, session: requests.Session) -> None:
        session.trust_env = False
        if self._configured.proxy:
            session.proxies = {"https": self._configured.proxy, "http": self._configured.proxy}

    def _get(self, address: str) -> dict[str, Any]:
        with requests.Session() as session:
            self._way_out(session)
            try:
                with session.get(address, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer:
                    answer.raise_for_status()
                    body = answer.raw.read(_LARGEST + 1, decode_content=True)
                found = json.loads(body) if len(body) <= _LARGEST else None
            except (requests.RequestException, OSError, ValueError) as error:
                raise NoAnswer("psc_down") from error
        if not isinstance(found, dict):
            raise NoAnswer("psc_down")
        return found


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all; read by web and keeper, written by nobody else."""
    draft = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    draft.chmod(0o644)
    draft.replace(path)
