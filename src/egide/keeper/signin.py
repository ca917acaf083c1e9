"""Sign-in by passkey (WebAuthn level 2 §7.2), verified here and nowhere else: user verification is required, always.

But to reopen a locked session at a workstation of the site: there presence is enough (`touched`), and for nothing else.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

CHALLENGE_SECONDS = 180
REGISTRATION = b"registration/"
REOPENING = b"reopening/"  # whatever such a challenge brings back signs nobody in and approves nothing
ALGORITHMS = frozenset({-7, -8, -257})  # ES256, EdDSA, RS256
SWEPT_AT = 5_000  # used challenges remembered before those that expired are let go


class BadAssertion(Exception):
    """Not a valid, fresh, user-verified assertion of this key: `code` says which, `account` whose key it was."""

    def __init__(self, code: str, account: UUID | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.account = account


class Ceremony:
    """Challenges given out (once each, three minutes) and the check of what comes back."""

    def __init__(self, origin: str) -> None:
        host = origin.split("://", 1)[1].split(":", 1)[0].split("/", 1)[0]
        self._server = Fido2Server(
            PublicKeyCredentialRpEntity(id=host, name="Égide"), verify_origin=lambda o: o == origin
        )
        self._key = secrets.token_bytes(32)
        self._start = secrets.token_bytes(8)  # a challenge of before a restart is told as ended, not as a bad key
        self._used: dict[bytes, int] = {}  # nonces that came back, until they expire
        self._lock = threading.Lock()

    def begin(self) -> tuple[str, dict[str, Any]]:
        """A challenge id and PublicKeyCredentialRequestOptions as JSON: discoverable keys, verification required."""
        challenge_id, challenge = self.draw()
        return challenge_id, self.ask(challenge)

    def draw(self, what: bytes = b"") -> tuple[str, bytes]:
        """A fresh challenge and its id, for three minutes; `what` it is for, and nothing else.

        Nothing is remembered of a challenge given out, so a flood of them drives nobody's out.
        """
        named = self._name()
        return websafe_encode(named), self._challenge(named, what)

    def begin_registration(
        self, account: UUID, username: str, name: str, known: Sequence[bytes]
    ) -> tuple[str, dict[str, Any]]:
        """As `begin`, for a key to be made: discoverable, verification required, none of the keys it knows already."""
        named = self._name()
        options, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=account.bytes, name=username, display_name=name),
            [PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=one) for one in known],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
            challenge=self._challenge(named, REGISTRATION),
        )
        found: dict[str, Any] = plain(dict(options.public_key))
        return websafe_encode(named), found

    def finish_registration(self, challenge_id: str, response: Mapping[str, Any]) -> tuple[bytes, bytes, UUID]:
        """Check a new key: its credential id, its public key (COSE, CBOR) and its model (AAGUID)."""
        challenge = self.use(challenge_id, REGISTRATION)
        try:
            parsed = RegistrationResponse.from_dict(response)
            verified = parsed.response.attestation_object.auth_data.is_user_verified()
        except Exception as error:
            raise BadAssertion("bad_assertion") from error
        if not verified:
            raise BadAssertion("no_user_verification")
        state = {
            "challenge": websafe_encode(challenge),
            "user_verification": UserVerificationRequirement.REQUIRED.value,
        }
        try:
            data = self._server.register_complete(state, parsed).credential_data
            if data is None or parsed.response.client_data.cross_origin or data.public_key.get(3) not in ALGORITHMS:
                raise ValueError("not a key of ours")
            return bytes(data.credential_id), cbor.encode(dict(data.public_key)), UUID(bytes=bytes(data.aaguid))
        except Exception as error:
            raise BadAssertion("bad_assertion") from error

    def _name(self) -> bytes:
        until = int(time.time()) + CHALLENGE_SECONDS
        return self._start + secrets.token_bytes(16) + until.to_bytes(8, "big")

    def _challenge(self, named: bytes, what: bytes = b"") -> bytes:
        return hmac.digest(self._key, b"egide/challenge/" + what + named, "sha256")

    def use(self, challenge_id: str, what: bytes = b"") -> bytes:
        """The challenge of an id that is given back: once, in time, whatever comes of it."""
        try:
            named = bytes(websafe_decode(challenge_id))
        except Exception as error:
            raise BadAssertion("challenge_ended") from error
        now, until = time.time(), int.from_bytes(named[24:], "big")
        if len(named) != 32 or named[:8] != self._start or not now <= until <= now + CHALLENGE_SECONDS:
            raise BadAssertion("challenge_ended")
        with self._lock:
            if len(self._used) > SWEPT_AT:
                self._used = {nonce: end for nonce, end in self._used.items() if end >= now}
            if named in self._used:
                raise BadAssertion("challenge_ended")
            self._used[named] = until
        return self._challenge(named, what)

    def ask(self, challenge: bytes) -> dict[str, Any]:
        """Request options for a given challenge: a sign-in's, or the hash of an act."""
        options, _ = self._server.authenticate_begin(None, UserVerificationRequirement.REQUIRED, challenge)
        found: dict[str, Any] = plain(dict(options.public_key))
        return found

    def ask_for_presence(self, challenge: bytes, keys: Sequence[bytes]) -> dict[str, Any]:
        """Request options by which one of these keys answers a touch: no code, no finger."""
        options, _ = self._server.authenticate_begin(
            [PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=one) for one in keys],
            UserVerificationRequirement.DISCOURAGED, challenge,
        )  # fmt: skip
        found: dict[str, Any] = plain(dict(options.public_key))
        return found

    def credential_id(self, response: Mapping[str, Any]) -> bytes:
        """The id of the key that answered, before anything is believed of it."""
        try:
            return bytes(websafe_decode(str(response["rawId"])))
        except Exception as error:
            raise BadAssertion("bad_assertion") from error

    def finish(
        self,
        challenge_id: str,
        response: Mapping[str, Any],
        account: UUID,
        credential_id: bytes,
        aaguid: UUID,
        public_key: bytes,
    ) -> int:
        """Check a sign-in; returns the key's counter. A challenge is used once, whatever comes of it."""
        challenge = self.use(challenge_id)
        return self.check(challenge, response, account, credential_id, aaguid, public_key)

    def check(
        self,
        challenge: bytes,
        response: Mapping[str, Any],
        account: UUID,
        credential_id: bytes,
        aaguid: UUID,
        public_key: bytes,
    ) -> int:
        """Verify an assertion over `challenge` against the stored public key; returns the key's counter."""
        count, verified = self.touched(challenge, response, account, credential_id, aaguid, public_key)
        if not verified:
            raise BadAssertion("no_user_verification")
        return count

    def touched(
        self,
        challenge: bytes,
        response: Mapping[str, Any],
        account: UUID,
        credential_id: bytes,
        aaguid: UUID,
        public_key: bytes,
    ) -> tuple[int, bool]:
        """As `check`, for presence: the key's counter, and whether its holder proved who she is besides."""
        try:
            parsed = AuthenticationResponse.from_dict(response)
            auth = parsed.response.authenticator_data
            handle = parsed.response.user_handle
        except Exception as error:
            raise BadAssertion("bad_assertion") from error
        if parsed.response.client_data.cross_origin:
            raise BadAssertion("bad_assertion")  # asked from inside somebody else's page
        if handle is not None and not hmac.compare_digest(bytes(handle), account.bytes):
            raise BadAssertion("bad_assertion")
        state = {
            "challenge": websafe_encode(challenge),
            "user_verification": UserVerificationRequirement.DISCOURAGED.value,  # looked at here, below
        }
        try:
            key = CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(public_key)))
            credential = AttestedCredentialData.create(aaguid.bytes, credential_id, key)
            self._server.authenticate_complete(state, [credential], parsed)
        except Exception as error:
            raise BadAssertion("bad_assertion") from error
        return int(auth.counter), bool(auth.is_user_verified())


def plain(value: Any) -> Any:
    """Options as JSON-able values."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, bytes):
        return websafe_encode(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, str):
        return str(value)
    return value
