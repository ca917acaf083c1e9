"""A Pro Santé Connect that plays its part on this machine: discovery, keys, authorization, token.

Everybody is who they say. What it signs can be bent, so that a test sees each lie refused.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

CLIENT: Final = "egide-essai"


@dataclass
class Played:
    """What the next answers are made of: who signs in, and how the token is bent."""

    subject: str = "899700218896"
    claims: dict[str, Any] = field(default_factory=dict)  # replaced in the token; None takes one out
    sign: Callable[[dict[str, Any]], str] | None = None  # another way to sign
    asked: dict[str, str] = field(default_factory=dict)  # the last authorization request
    refused: str = ""  # an error instead of a code


class Provider:
    """One provider, listening on loopback. `client_key` is the public half of our client's key."""

    def __init__(self, client_key: RSAKey | None = None, client_secret: str = "", key: RSAKey | None = None) -> None:
        self.key = key or RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
        self.key.ensure_kid()
        self.client_key, self.client_secret = client_key, client_secret
        self.played = Played()
        self.codes: dict[str, dict[str, str]] = {}
        self.assertions: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://localhost:{self._server.server_address[1]}/auth/realms/essai"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def discovery(self) -> dict[str, Any]:
        """RFC 8414, as Pro Santé Connect shapes it."""
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/certs",
        }  # fmt: skip

    def authorize(self, asked: dict[str, str]) -> str:
        """The address the browser is sent back to: the professional has pressed « Valider » on her telephone."""
        self.played.asked = asked
        answer = {"state": asked.get("state", "")}
        if self.played.refused:
            answer["error"] = self.played.refused
        else:
            code = secrets.token_urlsafe(24)
            self.codes[code] = asked
            answer["code"] = code
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """RFC 6749 §4.1.3: a code serves once, with its verifier, from the client it was given to."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or digest != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        if not self._is_client(form):
            return 401, {"error": "invalid_client"}
        return 200, {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "id_token": self.id_token(asked),
        }

    def _is_client(self, form: dict[str, str]) -> bool:
        if self.client_secret:
            return form.get("client_secret") == self.client_secret
        try:
            claims = jwt.decode(form["client_assertion"], self.client_key or self.key, algorithms=["RS256"]).claims
        except (JoseError, KeyError, ValueError):
            return False
        fresh = claims.get("jti") not in self.assertions
        self.assertions.add(str(claims.get("jti")))
        return bool(fresh and claims["iss"] == claims["sub"] == CLIENT and claims["aud"] == f"{self.issuer}/token")

    def id_token(self, asked: dict[str, str]) -> str:
        """What is signed of who signed in."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "azp": CLIENT, "sub": f"f:{self.played.subject}",
            "preferred_username": self.played.subject, "SubjectNameID": self.played.subject, "acr": "eidas1",
            "nonce": asked.get("nonce"), "iat": now, "auth_time": now, "exp": now + 120, "typ": "ID",
        }  # fmt: skip
        claims |= self.played.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.played.sign(claims) if self.played.sign else self.signed(claims)

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, alg: str = "RS256") -> str:
        """By the provider's key, under its key id."""
        return jwt.encode({"alg": alg, "kid": self.key.kid}, claims, key or self.key, algorithms=[alg])

    # ── lies ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def unsigned(self, claims: dict[str, Any]) -> str:
        """`alg: none`."""
        return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."

    def confused(self, claims: dict[str, Any]) -> str:
        """HMAC under the published public key, as if it were a shared secret."""
        signed = f"{_part({'alg': 'HS256', 'kid': self.key.kid})}.{_part(claims)}"
        mac = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def by_another_key(self, claims: dict[str, Any]) -> str:
        """Under the provider's key id, by a key that is not its."""
        return self.signed(claims, RSAKey.generate_key(2048))


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            if path.path.endswith("/openid-configuration"):
                self._json(200, provider.discovery())
            elif path.path.endswith("/certs"):
                self._json(200, {"keys": [provider.key.as_dict(private=False)]})
            elif path.path.endswith("/auth"):
                self.send_response(302)
                self.send_header("Location", provider.authorize(_flat(path.query)))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._json(404, {})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._json(*provider.token(_flat(self.rfile.read(length).decode())))

        def _json(self, status: int, body: dict[str, Any]) -> None:
            whole = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    return Handler


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
