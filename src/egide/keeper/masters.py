"""The keeper's master keys at rest: one file a key, 32 random bytes, in a folder that only the keeper's user reads."""

import json
import os
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from egide.kernel.birth import birth_text, signed_by

CATEGORIES = ("identity", "contact", "ins", "stay", "coding", "clinical", "protected")
OTHERS = ("session", "ticket", "token", "enrol", "trail", "checkpoint")
_FILE = re.compile(r"([a-z]+)\.([0-9]{1,4})\.key")


class LostKeys(Exception):
    """A key file or the birth certificate is missing, unreadable or not what it should be."""


@dataclass(frozen=True)
class Masters:
    """Every master by name and version. No `repr` of the bytes."""

    keys: dict[str, dict[int, bytes]]
    ages: dict[str, float]
    base_id: str
    demo: bool
    born: str

    def __repr__(self) -> str:
        return f"Masters({sorted(self.keys)})"

    def newest(self, name: str) -> bytes:
        """The live version of a key that is not a category's."""
        versions = self.keys[name]
        return versions[max(versions)]

    def only(self, *names: str) -> "Masters":
        """Without the other keys: what a program does not need, it does not hold."""
        kept = {name: self.keys[name] for name in names}
        return Masters(kept, {name: self.ages[name] for name in names}, self.base_id, self.demo, self.born)

    @property
    def signer(self) -> Ed25519PrivateKey:
        """The checkpoint key; it also signs the birth certificate."""
        return Ed25519PrivateKey.from_private_bytes(self.newest("checkpoint"))


def make(folder: Path, birth: Path, demo: bool) -> None:
    """Make every key and the birth certificate, once; refuses a folder that already holds keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()) or birth.exists():
        raise LostKeys("keys exist already: a base is born once")
    for name in (*CATEGORIES, *OTHERS):
        _write(folder / f"{name}.1.key", secrets.token_bytes(32))
    signer = Ed25519PrivateKey.from_private_bytes((folder / "checkpoint.1.key").read_bytes())
    base_id, born = secrets.token_hex(16), datetime.now(UTC).isoformat(timespec="seconds")
    certificate = {
        "base_id": base_id,
        "demo": demo,
        "born": born,
        "public_key": signer.public_key().public_bytes_raw().hex(),
        "signature": signer.sign(birth_text(base_id, demo, born)).hex(),
    }
    _write(birth, json.dumps(certificate, indent=1).encode(), mode=0o644)


def load(folder: Path, birth: Path) -> Masters:
    """Read keys and certificate; raises LostKeys with what is missing."""
    keys: dict[str, dict[int, bytes]] = {}
    ages: dict[str, float] = {}
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise LostKeys(f"the key folder cannot be read: {error.strerror}") from error
    for path in files:
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        content = path.read_bytes()
        if len(content) != 32:
            raise LostKeys(f"{path.name} does not hold 32 bytes")
        keys.setdefault(match[1], {})[int(match[2])] = content
        ages[match[1]] = time.time() - path.stat().st_mtime
    missing = [name for name in (*CATEGORIES, *OTHERS) if name not in keys]
    if missing:
        raise LostKeys(f"missing: {', '.join(missing)}")
    try:
        certificate = json.loads(birth.read_bytes())
        public = Ed25519PrivateKey.from_private_bytes(keys["checkpoint"][1]).public_key()
        if not signed_by(certificate, public):
            raise LostKeys("not signed")
        masters = Masters(keys, ages, certificate["base_id"], bool(certificate["demo"]), str(certificate["born"]))
    except Exception as error:
        raise LostKeys("the birth certificate is missing or not signed by this base's key") from error
    return masters


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
