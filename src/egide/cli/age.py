"""age (age-encryption.org, X25519) around a backup: written to public recipients, read by an identity kept elsewhere.

`age` and `age-keygen` read and write the same files: what is saved does not depend on Égide to be opened.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyrage
from pyrage import x25519

from egide.cli.halt import Halt, disk_full
from egide.cli.manifest import damaged

SUFFIX: Final = ".age"
_SECRET: Final = "AGE-SECRET-KEY-"  # noqa: S105 — how an identity begins, not one
_WRAPPED: Final = ("age-encryption.org/", "-----BEGIN AGE")  # an identity file under a passphrase


def recipients(given: Sequence[str]) -> list[x25519.Recipient]:
    """The public recipients (`age1…`) that each file is written to; any one of their identities opens it.

    Refuses what is no X25519 recipient, and a secret identity given in its place; repeats neither.
    """
    found = []
    for one in given:
        if one.strip().upper().startswith(_SECRET):
            raise Halt(
                "--to veut le destinataire public (age1…) ; c'est l'identité secrète que vous avez donnée, et la voilà "
                "dans l'historique du terminal : faites-en une neuve, et n'employez plus celle-ci."
            )
        try:
            found.append(x25519.Recipient.from_str(one.strip()))
        except pyrage.RecipientError:
            raise Halt("--to veut un destinataire age (age1…, 62 signes) : recopiez-le en entier.") from None
    return found


def identities(file: Path) -> list[x25519.Identity]:
    """The identities of a file as `age-keygen` writes it: one a line, comments after #."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="ascii").splitlines()]
        if lines and lines[0].startswith(_WRAPPED):
            raise Halt(
                f"{file} est sous une phrase : ouvrez-le d'abord dans /dev/shm (« age -d »), puis donnez celui-là."
            )
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except FileNotFoundError:
        raise Halt(f"{file} manque : donnez à --identity le fichier de l'identité qui ouvre la sauvegarde.") from None
    except (pyrage.IdentityError, UnicodeDecodeError):
        found = []
    if not found:
        raise Halt(f"{file} n'est pas un fichier d'identité age ({_SECRET}1…) : donnez celui d'« egide identity ».")
    return found


def make_identity(file: Path) -> str:
    """A new identity in a file that only its owner reads; its public recipient. Never over a file that is there."""
    fresh = x25519.Identity.generate()
    public = str(fresh.to_public())
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Halt(f"{file} existe déjà : donnez un autre nom, une identité n'est jamais écrasée.") from None
    except FileNotFoundError:
        raise Halt(f"{file.parent} n'est pas un dossier où écrire : créez-le, ou donnez-en un autre.") from None
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(f"# public key: {public}\n{fresh}\n")
        out.flush()
        os.fsync(out.fileno())
    return public


def encrypt(source: Path, target: Path, to: Sequence[x25519.Recipient]) -> None:
    """Writes `target`, that its owner only reads, as age's stream: 64 KiB at a time, whatever the length."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as plain, os.fdopen(handle, "wb") as out:
        try:
            pyrage.encrypt_io(plain, out, to)
        except pyrage.EncryptError as error:  # it keeps only the text of what the file refused
            if "No space left" in str(error) or "Disk quota" in str(error):
                raise disk_full(target.parent) from None
            raise Halt(f"{target} n'a pas pu être chiffré : rien n'en est gardé ; relancez.") from None
        out.flush()
        os.fsync(out.fileno())


def decrypt(source: Path, target: Path, by: Sequence[x25519.Identity]) -> None:
    """Opens `source` into `target`. Refuses an identity that it was not written to, and a file cut short or altered."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as sealed, os.fdopen(handle, "wb") as out:
        try:
            pyrage.decrypt_io(sealed, out, by)
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                raise Halt(f"Cette identité n'ouvre pas {source} : donnez celle d'un de ses destinataires.") from None
            raise damaged(source, "age") from None
        except OSError as error:
            if error.errno is not None:  # the disk's own refusal
                raise
            raise damaged(source, "age") from None
