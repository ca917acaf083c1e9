"""A base's birth certificate and its signature. Demo is a property of birth, for ever."""

import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def birth_text(base_id: str, demo: bool, born: str) -> bytes:
    """What the signature covers."""
    return json.dumps({"base_id": base_id, "born": born, "demo": demo}, sort_keys=True).encode()


def signed_by(certificate: Mapping[str, object], public: Ed25519PublicKey) -> bool:
    """Whether this key signed exactly this certificate."""
    try:
        text = birth_text(str(certificate["base_id"]), bool(certificate["demo"]), str(certificate["born"]))
        public.verify(bytes.fromhex(str(certificate["signature"])), text)
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


def own_signature(certificate: Mapping[str, object]) -> bool:
    """Whether the key named in it signed it: notices an accident, not a forger who renames the key."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(certificate["public_key"])))
    except (KeyError, ValueError):
        return False
    return signed_by(certificate, public)
