"""Whether a kept WebAuthn assertion (level 2 §7.2) is this key's signature over this challenge."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

from fido2 import cbor
from fido2.cose import CoseKey

USER_VERIFIED = 0x04


def signed_by(public_key: bytes, challenge: bytes, assertion: bytes) -> bool:
    """True when `assertion` (its JSON form) signs `challenge` with this key (COSE, CBOR), its person verified.

    Neither counter nor origin is looked at: both were, by the keeper, when it was given. Anything malformed is False.
    """
    try:
        response: Mapping[str, str] = json.loads(assertion)["response"]
        client, authenticator = _bytes(response["clientDataJSON"]), _bytes(response["authenticatorData"])
        said = json.loads(client)
        if said["type"] != "webauthn.get" or _bytes(said["challenge"]) != challenge:
            return False
        if not authenticator[32] & USER_VERIFIED:
            return False
        key = CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(public_key)))
        key.verify(authenticator + sha256(client).digest(), _bytes(response["signature"]))
    except Exception:  # noqa: BLE001 — whatever stands there, it proves nothing
        return False
    return True


def credential_of(assertion: bytes) -> bytes:
    """The id of the key that an assertion names; empty when it names none."""
    try:
        return _bytes(json.loads(assertion)["rawId"])
    except (ValueError, KeyError, TypeError):
        return b""


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
