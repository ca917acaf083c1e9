"""A software security key (WebAuthn level 2 §6): ES256, discoverable, user verification played. Demo bases only."""

import base64
import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

from egide.kernel.softkey_id import SOFTWARE_AAGUID

USER_PRESENT = 0x01
USER_VERIFIED = 0x04
ATTESTED = 0x40


class WrongSite(Exception):
    """The options are for another relying party than the one this key was made for."""


def b64(data: bytes) -> str:
    """base64url without padding, as WebAuthn's JSON forms want."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of base64url without padding; ValueError on anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True, repr=False)
class SoftKey:
    """One credential of one account for one relying party. `repr` shows no key."""

    username: str
    account: UUID
    rp_id: str
    credential_id: bytes
    private: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, username: str, account: UUID, rp_id: str) -> "SoftKey":
        """A new key on P-256."""
        return cls(username, account, rp_id, secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1()))

    @property
    def cose(self) -> bytes:
        """The public key as COSE (RFC 9053 §2.1: EC2, ES256, P-256), CBOR bytes: what is enrolled."""
        numbers = self.private.public_key().public_numbers()
        return cbor.encode({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    @property
    def aaguid(self) -> UUID:
        """The model of every software key."""
        return SOFTWARE_AAGUID

    def assertion(
        self, options: Mapping[str, Any], origin: str, *, verified: bool = True, counter: int | None = None
    ) -> dict[str, Any]:
        """The answer to PublicKeyCredentialRequestOptions (JSON form), as `PublicKeyCredential.toJSON()` gives it.

        `verified=False` leaves the user-verification flag out, as a thief with a key but no PIN would. The counter is
        the clock's unless told. Raises WrongSite for another rpId, ValueError for options without a challenge.
        """
        if options.get("rpId", self.rp_id) != self.rp_id:
            raise WrongSite(f"this key is for {self.rp_id}")
        challenge = options.get("challenge")
        if not isinstance(challenge, str) or len(unb64(challenge)) < 16:
            raise ValueError("no challenge of 16 bytes or more")
        client_data = json.dumps(
            {"type": "webauthn.get", "challenge": challenge, "origin": origin, "crossOrigin": False},
            separators=(",", ":"),
        ).encode()
        flags = USER_PRESENT | (USER_VERIFIED if verified else 0)
        count = next_count(self.credential_id) if counter is None else counter
        authenticator_data = sha256(self.rp_id.encode()).digest() + bytes((flags,)) + count.to_bytes(4, "big")
        signature = self.private.sign(authenticator_data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": b64(self.credential_id),
            "rawId": b64(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(authenticator_data),
                "signature": b64(signature),
                "userHandle": b64(self.account.bytes),
            },
        }

    @classmethod
    def register(
        cls, username: str, options: Mapping[str, Any], origin: str, *, verified: bool = True
    ) -> "tuple[SoftKey, dict[str, Any]]":
        """A new key, and its answer to PublicKeyCredentialCreationOptions (JSON form): no attestation (fmt `none`).

        ValueError for options without a challenge, a user or a relying party.
        """
        try:
            challenge, rp_id = options["challenge"], options["rp"]["id"]
            account = UUID(bytes=unb64(options["user"]["id"]))
        except (KeyError, TypeError) as error:
            raise ValueError("these options ask for no key") from error
        if not isinstance(challenge, str) or not isinstance(rp_id, str) or len(unb64(challenge)) < 16:
            raise ValueError("no challenge of 16 bytes or more")
        key = cls.make(username, account, rp_id)
        client_data = {"type": "webauthn.create", "challenge": challenge, "origin": origin, "crossOrigin": False}
        flags = USER_PRESENT | ATTESTED | (USER_VERIFIED if verified else 0)
        made = key.aaguid.bytes + len(key.credential_id).to_bytes(2, "big") + key.credential_id + key.cose
        authenticator_data = sha256(rp_id.encode()).digest() + bytes((flags,)) + bytes(4) + made
        return key, {
            "id": b64(key.credential_id),
            "rawId": b64(key.credential_id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(json.dumps(client_data, separators=(",", ":")).encode()),
                "attestationObject": b64(cbor.encode({"fmt": "none", "attStmt": {}, "authData": authenticator_data})),
            },
        }

    def for_chromium(self) -> dict[str, Any]:
        """The `credential` of the DevTools command WebAuthn.addCredential (standard base64, PKCS#8 key)."""
        return {
            "credentialId": base64.b64encode(self.credential_id).decode(),
            "isResidentCredential": True,
            "rpId": self.rp_id,
            "privateKey": base64.b64encode(self._pkcs8()).decode(),
            "userHandle": base64.b64encode(self.account.bytes).decode(),
            "userName": self.username,
            "signCount": next_count(self.credential_id),
        }

    def save(self, folder: Path) -> Path:
        """Write the key to `<username>.json`, readable by the folder's user only; refuses to replace one."""
        path = folder / f"{self.username}.json"
        content = {
            "username": self.username,
            "account": str(self.account),
            "rp_id": self.rp_id,
            "credential_id": b64(self.credential_id),
            "private_key": b64(self._pkcs8()),
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        return path

    @classmethod
    def load(cls, path: Path) -> "SoftKey":
        """Read a key that `save` wrote; ValueError when the file holds no such key."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            private = serialization.load_der_private_key(unb64(content["private_key"]), None)
            account, credential_id = UUID(content["account"]), unb64(content["credential_id"])
            found = cls(content["username"], account, content["rp_id"], credential_id, _p256(private))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} is not a software key") from error
        return found

    def _pkcs8(self) -> bytes:
        return self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _p256(private: object) -> ec.EllipticCurvePrivateKey:
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic-curve key")
    return private


class _Counter:
    """Each key's counts only grow, over restarts and between processes: the clock's eighths, or one more than the last.

    One second would be too long a step: a key that signs more often, as in a drill, would be ahead of the clock, and
    whatever other process signs with it next would be refused.
    """

    def __init__(self) -> None:
        self._last: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def next(self, credential_id: bytes) -> int:
        with self._lock:
            count = max(self._last.get(credential_id, 0) + 1, int((time.time() - _SINCE) * _STEPS))
            self._last[credential_id] = count
            return count


_STEPS = 8  # in a second
_SINCE = 1_451_606_400  # 2016: beyond the seconds that former bases hold, within 32 bits until 2033
_COUNTER = _Counter()


def next_count(credential_id: bytes) -> int:
    """The next signature counter of this key, 32 bits, greater than any given before."""
    return _COUNTER.next(credential_id)
