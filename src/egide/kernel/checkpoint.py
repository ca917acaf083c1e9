"""Signed checkpoints of the trail: https://c2sp.org/tlog-checkpoint in a https://c2sp.org/signed-note, Ed25519.

A checkpoint says: at this instant the log `origin` had `size` leaves under `root`. One that names the key of those
that follow is a *handover*: signed by both keys, it is how a log changes its key.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from egide.kernel.merkle import HASH_SIZE

SEPARATOR = "\n---\n"  # after each note of checkpoints.log
_ED25519 = b"\x01"
_DASH = "— "


class NoteError(Exception):
    """A note that is not a checkpoint of this log signed by this key; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _b64(text: str) -> bytes:
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


@dataclass(frozen=True)
class Checkpoint:
    """One state of the log. `at` is carried in an extension line: an unchanged log still proves it is alive.

    `next`, in another: the verification key (C2SP form) of every later checkpoint.
    """

    origin: str
    size: int
    root: bytes
    at: datetime
    next: str = ""

    def body(self) -> str:
        handover = f"next {self.next}\n" if self.next else ""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\ntime {self.at.isoformat()}\n{handover}"


@dataclass(frozen=True)
class VerifyKey:
    """The public key a log is checked with, and its name (the log's origin)."""

    name: str
    key: Ed25519PublicKey

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key.public_bytes_raw()).digest()[:4]

    def __str__(self) -> str:
        """The C2SP form: `name+key id+key`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self.key.public_bytes_raw()).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifyKey":
        """Read the C2SP form; refuses (ValueError) anything else."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            data = _b64(encoded)
            found = cls(name, Ed25519PublicKey.from_public_bytes(data[1:]))
        except (ValueError, Base64Error) as error:
            raise ValueError("not a verification key (name+id+key)") from error
        if not name or data[:1] != _ED25519 or found.key_id.hex() != key_id:
            raise ValueError("not a verification key of this name")
        return found


def sign(checkpoint: Checkpoint, *keys: Ed25519PrivateKey) -> str:
    """The signed note, ready to be appended or handed to a witness; a line a key."""
    lines = []
    for key in keys:
        own = VerifyKey(checkpoint.origin, key.public_key())
        signature = b64encode(own.key_id + key.sign(checkpoint.body().encode())).decode()
        lines.append(f"{_DASH}{own.name} {signature}\n")
    return f"{checkpoint.body()}\n{''.join(lines)}"


def open_note(note: str, key: VerifyKey) -> Checkpoint:
    """The checkpoint of a note; raises NoteError: malformed, signature, origin. Other keys' signatures are ignored."""
    text, gap, signatures = note.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise NoteError("malformed", "not a signed note")
    text += "\n"
    if not _signed(text, signatures[:-1].split("\n"), key):
        raise NoteError("signature", "not signed by the log's key")
    lines = text[:-1].split("\n")
    try:
        origin, size, root, *extensions = lines
        times = [line[5:] for line in extensions if line.startswith("time ")]
        following = next((line[5:] for line in extensions if line.startswith("next ")), "")
        checkpoint = Checkpoint(origin, int(size), _b64(root), datetime.fromisoformat(times[0]), following)
    except (ValueError, IndexError, Base64Error) as error:
        raise NoteError("malformed", "not a checkpoint") from error
    if origin != key.name:
        raise NoteError("origin", f"a checkpoint of another log: {origin}")
    if size != str(checkpoint.size) or checkpoint.size < 0 or len(checkpoint.root) != HASH_SIZE:
        raise NoteError("malformed", "not a checkpoint")
    return checkpoint


def _signed(text: str, lines: list[str], key: VerifyKey) -> bool:
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or name != key.name:
            continue
        try:
            data = _b64(encoded)
            if data[:4] == key.key_id:
                key.key.verify(data[4:], text.encode())
                return True
        except (ValueError, Base64Error, InvalidSignature):
            return False
    return False


def split_log(text: str) -> list[str]:
    """The whole notes of checkpoints.log, in order; what follows the last separator is a torn write and is left out."""
    return text.split(SEPARATOR)[:-1]
