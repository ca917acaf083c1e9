"""Sign-in by Pro Santé Connect: the ID token is verified here, against the keys that the relay fetched.

Whoever could falsify those keys could sign anybody in by RPPS: the web process cannot, the relay could. It maps to an
account by RPPS only, and grants nothing. OpenID Connect Core 1.0 §3.1.3.7.
"""

import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from fido2.utils import websafe_encode
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel.prosante import ACR, ProSante, rpps_of

# Signatures by a private key only: with HMAC among them, a published key would be a secret that everybody knows.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
LEEWAY_SECONDS = 60
OLDEST_SECONDS = 300
_LONGEST = 16_000
_PSC = b"psc/"  # what its challenges are for; a workstation's id follows


class Tokens:
    """Nonces given out (once each, three minutes) and the check of the ID token that bears one."""

    def __init__(
        self, configured: ProSante, keys: Path, ceremony: Ceremony, now: Callable[[], float] = time.time
    ) -> None:
        self._configured = configured
        self._keys = keys
        self._ceremony = ceremony
        self._now = now

    def begin(self, seat: bytes = b"") -> dict[str, Any]:
        """A challenge's id and the nonce that the ID token must bear; at this workstation, for no other."""
        challenge_id, challenge = self._ceremony.draw(_PSC + seat)
        return {"challenge_id": challenge_id, "nonce": _nonce(challenge)}

    def rpps(self, challenge_id: str, token: str, seat: bytes = b"") -> str:
        """The RPPS that the token proves; BadAssertion psc_refused for any doubt, psc_unknown for another number."""
        nonce = _nonce(self._ceremony.use(challenge_id, _PSC + seat))
        claims = self._claims(token)
        self._check(claims, nonce)
        subjects = {
            claims[name] for name in ("SubjectNameID", "preferred_username") if isinstance(claims.get(name), str)
        }
        if len(subjects) != 1:
            raise BadAssertion("psc_refused")
        found = rpps_of(subjects.pop())
        if found is None:
            raise BadAssertion("psc_unknown")
        return found

    def _claims(self, token: str) -> dict[str, Any]:
        """What the provider signed, by a key that it publishes."""
        if not isinstance(token, str) or len(token) > _LONGEST or token.count(".") != 2:
            raise BadAssertion("psc_refused")
        try:
            listed = json.loads(self._keys.read_bytes())["keys"]
            # a symmetric key that somebody published is nobody's proof
            usable = [one for one in listed if one.get("kty") in ("RSA", "EC") and one.get("use", "sig") == "sig"]
            found = [RSAKey.import_key(one) if one["kty"] == "RSA" else ECKey.import_key(one) for one in usable]
            claims: dict[str, Any] = jwt.decode(token, KeySet(list(found)), algorithms=list(ALGORITHMS)).claims
        except OSError as error:
            raise BadAssertion("psc_down") from error
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadAssertion("psc_refused") from error
        return claims

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        now = int(self._now())
        registry = jwt.JWTClaimsRegistry(
            now=now, leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._configured.issuer},
            aud={"essential": True, "value": self._configured.client_id},
            exp={"essential": True}, iat={"essential": True},
            acr={"essential": True, "value": ACR},
            nonce={"essential": True},
        )  # fmt: skip
        try:
            registry.validate(claims)
            oldest = min(float(claims.get(name, now)) for name in ("iat", "auth_time"))
        except (JoseError, ValueError, TypeError) as error:
            raise BadAssertion("psc_refused") from error
        mine = self._configured.client_id
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (
            (several and claims.get("azp") != mine)
            or claims.get("azp", mine) != mine
            or now - oldest > OLDEST_SECONDS + LEEWAY_SECONDS
            or not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode())
        ):
            raise BadAssertion("psc_refused")


def _nonce(challenge: bytes) -> str:
    return websafe_encode(sha256(b"egide/psc-nonce/" + challenge).digest())
