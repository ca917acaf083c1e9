"""Sealing of one value: AES-256-GCM under a key of one patient × one category × one version of its master.

A key is HKDF-Expand (RFC 5869 §2.3, one block) of the category's master: nothing is stored, a key opens nothing else.
"""

import hmac
import os
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
_NONCE = 12
_HEADER = 3  # format (1 byte), key version (2 bytes, big endian)


class CannotUnseal(Exception):
    """The value was altered, moved to another row, or its key is not among those that were opened."""


def patient_key(master: bytes, category: str, patient_id: UUID) -> bytes:
    """The 32-byte key of one patient and category, from a uniformly random 32-byte master."""
    return hmac.digest(master, b"egide/seal/" + category.encode() + b"/" + patient_id.bytes + b"\x01", "sha256")


def associated(table: str, column: str, row_id: UUID, category: str) -> bytes:
    """What a sealed value is bound to: it opens in this row and column only."""
    return associated_raw(table, column, row_id.bytes, category)


def associated_raw(table: str, column: str, row_id: bytes, category: str) -> bytes:
    """As `associated`, of a row id that is 16 bytes already."""
    before, after = _around(table, column, category)
    return before + row_id + after


@lru_cache(maxsize=256)
def _around(table: str, column: str, category: str) -> tuple[bytes, bytes]:
    return b"%b\x00%b\x00" % (table.encode(), column.encode()), b"\x00%b\x00%d" % (category.encode(), FORMAT)


class Sealer:
    """Seals many values of one patient and category under the newest key version, which is prepared once."""

    __slots__ = ("_aead", "_header")

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        version = max(keys)
        self._header = bytes((FORMAT,)) + version.to_bytes(2, "big")
        self._aead = AESGCM(keys[version])

    def __repr__(self) -> str:
        return "Sealer()"

    def seal(self, plaintext: bytes, bound_to: bytes) -> bytes:
        """format ‖ version ‖ nonce ‖ ciphertext and tag (31 bytes more)."""
        nonce = os.urandom(_NONCE)
        return self._header + nonce + self._aead.encrypt(nonce, plaintext, self._header + bound_to)


def seal(keys: Mapping[int, bytes], plaintext: bytes, bound_to: bytes) -> bytes:
    """Seal one value under the newest key version: format ‖ version ‖ nonce ‖ ciphertext and tag (31 bytes more)."""
    return Sealer(keys).seal(plaintext, bound_to)


def unseal(keys: Mapping[int, bytes], sealed: bytes, bound_to: bytes) -> bytes:
    """The plaintext; raises CannotUnseal when anything differs from what was sealed."""
    header, nonce = sealed[:_HEADER], sealed[_HEADER : _HEADER + _NONCE]
    if len(sealed) < _HEADER + _NONCE + 16 or header[0] != FORMAT:
        raise CannotUnseal("not a sealed value of this format")
    key = keys.get(int.from_bytes(header[1:3], "big"))
    if key is None:
        raise CannotUnseal("sealed under a key version that was not opened")
    try:
        return AESGCM(key).decrypt(nonce, sealed[_HEADER + _NONCE :], header + bound_to)
    except InvalidTag as error:
        raise CannotUnseal("altered, or sealed for another row") from error
