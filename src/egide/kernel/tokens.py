"""Blind tokens: an identifier becomes 64 bits that only the keeper can compute (design: finding without listing)."""

import hmac
import unicodedata


def subkey(master: bytes, kind: str) -> bytes:
    """One subkey a kind, so that equal texts of two kinds do not meet."""
    return hmac.digest(master, b"egide/token/" + kind.encode() + b"\x01", "sha256")


def source_token(key: bytes, system: str, identifier: str) -> int:
    """Token of kind SRC: the id of a foreign system; a signed 64-bit integer (PostgreSQL bigint)."""
    text = unicodedata.normalize("NFC", system).encode() + b"\x00" + unicodedata.normalize("NFC", identifier).encode()
    return int.from_bytes(hmac.digest(key, text, "sha256")[:8], "big", signed=True)
