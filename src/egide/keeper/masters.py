"""The keeper's master keys: one file a key and version, 32 random bytes, in a folder that only the keeper's user reads.

At rest they are plain files, or wrapped under a passphrase (`passphrase`). A retired version lies apart, kept.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from egide.keeper import passphrase
from egide.keeper.passphrase import Store, WrongPassphrase
from egide.kernel import tokens
from egide.kernel.birth import birth_text, signed_by

CATEGORIES = ("identity", "contact", "ins", "stay", "coding", "clinical", "protected")
OTHERS = ("session", "ticket", "token", "enrol", "trail", "checkpoint")
# Of ids of imported rows, for ever the same: never rotated. Bases born before it have none.
ROWS = "row"
SIGNING = "checkpoint"
# Of tokens of foreign ids: every version stays, in a chain (see `blinding`). Bases born before it have none until
# `token` or it is renewed: its first version is then what `token` gave them.
SOURCE = "source"
PLAIN = passphrase.Plain()
_FILE = re.compile(r"([a-z]+)\.([0-9]{1,4})\.key")


class LostKeys(Exception):
    """A key file or the birth certificate is missing, unreadable or not what it should be."""


@dataclass(frozen=True)
class Masters:
    """Every master by name and version. No `repr` of the bytes."""

    keys: dict[str, dict[int, bytes]]
    since: dict[str, float]  # of each key's newest version: when it was made, in seconds since 1970
    base_id: str
    demo: bool
    born: str

    def __repr__(self) -> str:
        return f"Masters({sorted(self.keys)})"

    @classmethod
    def handed(cls, said: dict[str, Any]) -> "Masters":
        """Those that the door hands to another program of its user (see `custody`)."""
        return cls(said["keys"], said["since"], said["base_id"], said["demo"], said["born"])

    def newest(self, name: str) -> bytes:
        """The version that makes new things, of a key that is not a category's."""
        versions = self.keys[name]
        return versions[max(versions)]

    def live(self, name: str) -> int:
        """The version that seals."""
        return max(self.keys[name])

    @property
    def sources(self) -> list[bytes]:
        """The chain of keys of foreign ids, oldest first."""
        if SOURCE in self.keys:
            return [key for _, key in sorted(self.keys[SOURCE].items())]
        return [tokens.subkey(self.keys["token"][min(self.keys["token"])], "SRC")]

    @property
    def ages(self) -> dict[str, float]:
        """Seconds since the newest version of each key was made."""
        return {name: time.time() - made for name, made in self.since.items()}

    @property
    def signers(self) -> list[Ed25519PrivateKey]:
        """Versions of the checkpoint key, oldest first; they also sign the birth certificate."""
        return [Ed25519PrivateKey.from_private_bytes(key) for _, key in sorted(self.keys[SIGNING].items())]


def make(folder: Path, birth: Path, demo: bool) -> None:
    """Make every key and the birth certificate, once; refuses a folder that already holds keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()) or birth.exists():
        raise LostKeys("keys exist already: a base is born once")
    for name in (*CATEGORIES, *OTHERS, ROWS, SOURCE):
        _write(folder / f"{name}.1.key", secrets.token_bytes(32))
    signer = Ed25519PrivateKey.from_private_bytes((folder / "checkpoint.1.key").read_bytes())
    base_id, born = secrets.token_hex(16), datetime.now(UTC).isoformat(timespec="seconds")
    _write(birth, _certificate(signer, base_id, demo, born), mode=0o644)


def _certificate(signer: Ed25519PrivateKey, base_id: str, demo: bool, born: str) -> bytes:
    said = {
        "base_id": base_id,
        "demo": demo,
        "born": born,
        "public_key": signer.public_key().public_bytes_raw().hex(),
        "signature": signer.sign(birth_text(base_id, demo, born)).hex(),
    }
    return json.dumps(said, indent=1).encode()


def certify(birth: Path, masters: Masters) -> None:
    """The birth certificate as it was, signed by the newest signing key: before the former one is retired."""
    draft = birth.with_suffix(".new")
    draft.unlink(missing_ok=True)
    _write(draft, _certificate(masters.signers[-1], masters.base_id, masters.demo, masters.born), mode=0o644)
    draft.replace(birth)
    _sync(birth.parent)


def load(folder: Path, birth: Path, store: Store = PLAIN) -> Masters:
    """Read keys and certificate; raises LostKeys with what is missing."""
    keys: dict[str, dict[int, bytes]] = {}
    since: dict[str, float] = {}
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise LostKeys(f"the key folder cannot be read: {error.strerror}") from error
    for path in files:
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        try:
            content = store.from_rest(path.name, path.read_bytes())
        except WrongPassphrase as error:
            raise LostKeys(f"{path.name} was altered, or wrapped by another key") from error
        if len(content) != 32:
            raise LostKeys(f"{path.name} does not hold 32 bytes")
        keys.setdefault(match[1], {})[int(match[2])] = content
        since[match[1]] = max(path.stat().st_mtime, since.get(match[1], 0.0))
    missing = [name for name in (*CATEGORIES, *OTHERS) if name not in keys]
    if missing:
        raise LostKeys(f"missing: {', '.join(missing)}")
    try:
        certificate = json.loads(birth.read_bytes())
        masters = Masters(keys, since, certificate["base_id"], bool(certificate["demo"]), str(certificate["born"]))
        if not any(signed_by(certificate, signer.public_key()) for signer in masters.signers):
            raise LostKeys("not signed")
    except Exception as error:
        raise LostKeys("the birth certificate is missing or not signed by this base's key") from error
    return masters


def epoch(folder: Path) -> str:
    """Changes whenever a key appears or is retired: what a program that holds keys compares."""
    names = sorted(name for name in os.listdir(folder) if _FILE.fullmatch(name))  # noqa: PTH208 — at each search
    return hashlib.sha256("/".join(names).encode()).hexdigest()[:16]


def add_version(folder: Path, store: Store, name: str, key: bytes | None = None) -> int:
    """A key of this name, fresh unless given, on the disk when this returns; its version."""
    version = max((int(match[2]) for match in _versions(folder) if match[1] == name), default=0) + 1
    file = f"{name}.{version}.key"
    _write(folder / file, store.at_rest(file, key or secrets.token_bytes(32)))
    _sync(folder)
    return version


def retirable(folder: Path, names: list[str], version: int) -> bool:
    """Whether `retire` can move them: files that are there, folders that may be written."""
    aside = folder.parent / "retired"
    try:
        aside.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    there = all((folder / f"{name}.{version}.key").is_file() for name in names)
    return there and all(os.access(one, os.W_OK | os.X_OK) for one in (folder, aside))


def retire(folder: Path, name: str, version: int) -> None:
    """Moves one version beside, to `retired`: given to nobody any more, kept for the backups that need it."""
    aside = folder.parent / "retired"
    aside.mkdir(mode=0o700, exist_ok=True)
    (folder / f"{name}.{version}.key").rename(aside / f"{name}.{version}.key")
    _sync(folder)


def take_back(folder: Path, name: str, version: int) -> None:
    """The reverse of `retire`."""
    (folder.parent / "retired" / f"{name}.{version}.key").rename(folder / f"{name}.{version}.key")
    _sync(folder)


def set_passphrase(folder: Path, store: Store, phrase: str) -> Store:
    """Wraps every key under a passphrase, or changes it; killed half way, the former state or the new one stands."""
    wrapped, said = passphrase.wrap(store, phrase)
    if isinstance(store, passphrase.Wrapped):
        draft = folder / f"{passphrase.FILE}.new"
        draft.unlink(missing_ok=True)
        _write(draft, said)
        draft.replace(folder / passphrase.FILE)
        _sync(folder)
        _wrap_retired(folder, wrapped)
        return wrapped
    fresh, former = folder.with_name("masters.new"), folder.with_name("masters.plain")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for match in _versions(folder):
        path = folder / match[0]
        _write(fresh / path.name, wrapped.at_rest(path.name, path.read_bytes()))
        times = path.stat()
        os.utime(fresh / path.name, (times.st_atime, times.st_mtime))  # a key's age is its own
    _write(fresh / passphrase.FILE, said)
    _sync(fresh)
    folder.rename(former)
    fresh.rename(folder)
    settle(folder)
    _wrap_retired(folder, wrapped)
    return wrapped


def _wrap_retired(folder: Path, wrapped: passphrase.Wrapped) -> None:
    """Retired versions too; those that a kill left plain are taken at the next change of passphrase."""
    for path in folder.parent.glob("retired/*.key"):
        if path.stat().st_size == 32:
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            _write(draft, wrapped.at_rest(path.name, path.read_bytes()))
            draft.replace(path)


def settle(folder: Path) -> None:
    """Ends what `set_passphrase` had begun when it was killed."""
    fresh, former = folder.with_name("masters.new"), folder.with_name("masters.plain")
    if not folder.exists() and former.exists():
        (fresh if passphrase.is_set(fresh) else former).rename(folder)
    shutil.rmtree(fresh, ignore_errors=True)
    if former.exists() and passphrase.is_set(folder):
        for path in former.iterdir():
            path.write_bytes(bytes(path.stat().st_size))  # as far as the disk allows
        shutil.rmtree(former)


def _versions(folder: Path) -> list[re.Match[str]]:
    return [match for path in sorted(folder.iterdir()) if (match := _FILE.fullmatch(path.name))]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Whole under its name, or not there: a key torn by a full disk would stop the keeper at its next start."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # never over another
    finally:
        draft.unlink(missing_ok=True)
