"""Master keys at rest under an operator's passphrase: a random wrapping key, wrapped by what Argon2id makes of it.

RFC 9106 §4, second recommended option. Changing the passphrase rewraps one key; the masters' files stay as they are.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

FILE = "passphrase.json"
SHORTEST = 16  # characters: five words of a list, or a sentence
_PASSES, _LANES, _KIB = 3, 4, 64 * 1024
_NONCE = 12


class WrongPassphrase(Exception):
    """It does not open these keys."""


@dataclass(frozen=True)
class Wrapped:
    """Keys sealed on the disk by a wrapping key that only the keeper's memory holds."""

    wrapping_key: bytes

    def __repr__(self) -> str:
        return "Wrapped()"

    def at_rest(self, name: str, key: bytes) -> bytes:
        """What the file of this name holds."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.wrapping_key).encrypt(nonce, key, name.encode())

    def from_rest(self, name: str, content: bytes) -> bytes:
        """The key; WrongPassphrase when the file was altered, renamed, or wrapped by another key."""
        return _open(self.wrapping_key, content, name)


@dataclass(frozen=True)
class Plain:
    """Keys as they are, in files that only the keeper's user reads."""

    def at_rest(self, name: str, key: bytes) -> bytes:  # noqa: ARG002 — the interface of both
        """The key itself."""
        return key

    def from_rest(self, name: str, content: bytes) -> bytes:  # noqa: ARG002
        """The key itself."""
        return content


Store = Plain | Wrapped


def is_set(folder: Path) -> bool:
    """Whether these keys wait for a passphrase."""
    return (folder / FILE).exists()


def unlock(folder: Path, phrase: str) -> Wrapped:
    """The store that this passphrase opens; about 0.3 s and 64 MiB, on purpose. WrongPassphrase otherwise."""
    try:
        said = json.loads((folder / FILE).read_bytes())
        stretched = _stretch(phrase, bytes.fromhex(said["salt"]), said["passes"], said["lanes"], said["kib"])
        return Wrapped(_open(stretched, bytes.fromhex(said["wrapped"]), FILE))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongPassphrase("the passphrase file cannot be read") from error


def wrap(store: Store, phrase: str) -> tuple[Wrapped, bytes]:
    """The store under a new passphrase and what `passphrase.json` must hold; an existing wrapping key is kept."""
    kept = store if isinstance(store, Wrapped) else Wrapped(secrets.token_bytes(32))
    salt, nonce = os.urandom(16), os.urandom(_NONCE)
    stretched = _stretch(phrase, salt, _PASSES, _LANES, _KIB)
    sealed = nonce + AESGCM(stretched).encrypt(nonce, kept.wrapping_key, FILE.encode())
    said = {
        "kdf": "argon2id",
        "passes": _PASSES,
        "lanes": _LANES,
        "kib": _KIB,
        "salt": salt.hex(),
        "wrapped": sealed.hex(),
    }
    return kept, json.dumps(said, indent=1).encode()


def _stretch(phrase: str, salt: bytes, passes: int, lanes: int, kib: int) -> bytes:
    return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=kib).derive(phrase.encode())


def _open(key: bytes, content: bytes, name: str) -> bytes:
    try:
        return AESGCM(key).decrypt(content[:_NONCE], content[_NONCE:], name.encode())
    except (InvalidTag, ValueError) as error:
        raise WrongPassphrase("another key wrapped this") from error
