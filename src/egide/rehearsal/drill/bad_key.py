"""Answers of a key that a thief made up or bent: wrong place, no verification, altered, another type, an old counter.

The demo's private keys are read from their folder, which only the operator who plays the drill can do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from egide.rehearsal.drill.stage import Account, NoStage, Stage
from egide.rehearsal.softkey import USER_PRESENT, USER_VERIFIED, SoftKey, b64, next_count, unb64

FAR: Final = 16  # counts ahead: a refused answer leaves the key's counter where it was


def key_of(stage: Stage, account: Account) -> SoftKey:
    """One account's software key."""
    try:
        return SoftKey.load(stage.home.demo_keys / f"{account.username}.json")
    except OSError as error:
        raise NoStage(
            "Les clés de démonstration ne se lisent pas sous ce compte : jouez l'exercice sous celui qui lance Égide."
        ) from error


def answer(
    key: SoftKey,
    options: Mapping[str, Any],
    origin: str,
    *,
    kind: str = "webauthn.get",
    place: str | None = None,
    framed: bool = False,
    flags: int = USER_PRESENT | USER_VERIFIED,
    count: int | None = None,
    challenge: str | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> dict[str, Any]:
    """An assertion with any part bent: `place` is the relying party it was made for, `framed` sets crossOrigin."""
    plain: Mapping[str, Any] = options.get("publicKey", options)
    client = {
        "type": kind,
        "challenge": challenge or plain["challenge"],
        "origin": origin,
        "crossOrigin": framed,
    }
    if framed:
        client["topOrigin"] = "https://evil.example"
    data = json.dumps(client, separators=(",", ":")).encode()
    counted = (next_count(key.credential_id) + FAR if count is None else count).to_bytes(4, "big")
    authenticator = sha256((place or key.rp_id).encode()).digest() + bytes((flags,)) + counted
    signature = (signer or key.private).sign(authenticator + sha256(data).digest(), ec.ECDSA(hashes.SHA256()))
    return {
        "id": b64(key.credential_id),
        "rawId": b64(key.credential_id),
        "type": "public-key",
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": b64(data),
            "authenticatorData": b64(authenticator),
            "signature": b64(signature),
            "userHandle": b64(key.account.bytes),
        },
    }


def bent(key: SoftKey, options: Mapping[str, Any], origin: str) -> dict[str, dict[str, Any]]:
    """Every way to answer falsely, by name; none of them may count."""
    other = ec.generate_private_key(ec.SECP256R1())
    whole = answer(key, options, origin)
    cut = {**whole, "response": {**whole["response"], "signature": b64(unb64(whole["response"]["signature"])[:-1])}}
    unknown = {**whole, "id": b64(b"x" * 32), "rawId": b64(b"x" * 32)}
    return {
        "origine d'un site relais": answer(key, options, "https://egide.evil.example"),
        "origine d'un autre port": answer(key, options, "http://localhost:1"),
        "autre partie": answer(key, options, origin, place="evil.example"),
        "sans vérification de la personne": answer(key, options, origin, flags=USER_PRESENT),
        "sans présence": answer(key, options, origin, flags=0),
        "clé privée d'un autre": answer(key, options, origin, signer=other),
        "signature coupée": cut,
        "d'un autre type": answer(key, options, origin, kind="webauthn.create"),
        "défi inventé": answer(key, options, origin, challenge=b64(b"0" * 32)),
        "compteur ancien": answer(key, options, origin, count=1),
        "clé inconnue": unknown,
    }
