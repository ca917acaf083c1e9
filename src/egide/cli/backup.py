"""`egide backup` and `egide restore`: the keys and the base, in two places, of an Égide that goes on serving.

The keeper's folder is copied first and the base after it: the base then holds all that the keeper numbered and signed
(the other way round, what came between the two would look like a loss). Encrypted (age.py), nothing is ever written in
clear to those two places: it is put together beside the home, whose disk holds the same in clear already.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from pyrage import x25519

from egide.cli import age, manifest
from egide.cli.cluster import find_binaries
from egide.cli.halt import Halt, disk_full
from egide.kernel.home import Home

KEEPER, BESIDE = "keeper.tar.gz", "secrets.tar.gz"
BASE, CHANGES = "base.tar.gz", "pg_wal.tar.gz"  # as pg_basebackup names them
# Counted again from the trail: an old count would let past what was given since.
_NOT_KEPT: Final = "keeper/state/ceilings.bin"
_DRAFTS: Final = (".new", ".part")  # what a program writes beside, then renames
# What each of our own archives may hold, by first name.
_HOLDS: Final = {KEEPER: ("keeper",), BESIDE: ("secrets", "base.json", "database.json", "demo")}  # and demo-keys…
_CHUNK: Final = 1 << 20


def backup(home: Home, base: Path, keys: Path, to: Sequence[x25519.Recipient] = ()) -> list[str]:
    """Copies keys and base into a dated folder of each place, encrypted to these recipients; says where.

    What fails leaves neither. Without a recipient all is in clear, and said so. Refuses one place for both, or one
    inside the other, and a key that changed meanwhile: the base would be sealed under a key that is not in the backup.
    Where the base is on a server of the hospital's, its own tools save it: the keys and secrets only are copied.
    """
    one, other = base.resolve(), keys.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise Halt("Base et clés vont en deux lieux séparés, sous deux responsables : qui a les deux lit tout.")
    born = home.base()
    if born is None:
        raise Halt(f"Aucune base dans {home.root} : donnez le bon EGIDE_HOME.")
    now = datetime.now(UTC)
    name = f"egide-{now:%Y%m%dT%H%M%SZ}"
    with _new(keys / name) as apart, _new(base / name) as folder:
        if to:
            with _aside(home) as (plain_keys, plain_base):
                _copy(home, plain_base, plain_keys)
                _encrypt(plain_keys, apart, to)
                _encrypt(plain_base, folder, to)
        else:
            _copy(home, folder, apart)
        fingerprint = manifest.write(born.base_id, now, apart, folder)
    said = [f"clés : {keys / name}", f"base : {base / name}", f"empreinte : {fingerprint}"]
    if not to:
        said.append("ATTENTION, sauvegarde EN CLAIR : qui a les deux dossiers lit tous les dossiers patients (--to).")
    if home.server() is not None:
        said.append("La base est sur votre serveur : sauvegardez-la maintenant avec ses outils, après les clés.")
    return said


def _copy(home: Home, folder: Path, apart: Path) -> None:
    before = _masters(home)
    _pack(apart / KEEPER, home.root, ["keeper"])
    if home.server() is None:
        _copy_base(home, folder)
    _pack(folder / BESIDE, home.root, _beside(home))
    if _masters(home) != before:
        raise Halt("Une clé du gardien a changé pendant la copie : rien n'en est gardé ; relancez, sans y toucher.")


@contextmanager
def _aside(home: Home) -> Iterator[tuple[Path, Path]]:
    """Where keys and base are put together before they are encrypted; one backup at a time, nothing stays."""
    work = home.root / "backup.new"
    work.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Halt("Une autre sauvegarde est en cours : attendez sa fin, puis relancez.") from None
    try:
        parts = work / "keys", work / "base"
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)  # of one that was killed
            part.mkdir(mode=0o700)
        yield parts
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(handle)


def _encrypt(plain: Path, folder: Path, to: Sequence[x25519.Recipient]) -> None:
    for file in sorted(plain.iterdir()):
        age.encrypt(file, folder / (file.name + age.SUFFIX), to)
        file.unlink()


def restore(
    home: Home, base: Path, keys: Path, by: Sequence[x25519.Identity] = (), fingerprint: str | None = None
) -> None:
    """Puts a base and its keys back into a home that holds none; Égide starts on it as usual.

    All is put beside first: what fails leaves the home as it was. Refuses what is not the backup that both lists and
    the fingerprint tell of, one that these identities do not open, and one in clear where an identity was given.
    """
    if home.base() is not None or home.keeper_birth.exists() or home.pg.exists():
        raise Halt(f"{home.root} a déjà une base : donnez à EGIDE_HOME un dossier neuf, rien n'y est écrasé.")
    fresh = not home.root.exists()
    home.root.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = home.root / "restored.new"
    shutil.rmtree(draft, ignore_errors=True)  # of one that was killed
    draft.mkdir(mode=0o700)
    try:
        _fill(Home(draft), _Parts(base, keys, by, fingerprint))
        _put_in_place(draft, home.root)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if fresh:
            with suppress(OSError):  # not empty: it was restored
                home.root.rmdir()


class _Parts:
    """The archives of one backup, each read once its sum was found right, and decrypted beside what it is put in."""

    def __init__(self, base: Path, keys: Path, by: Sequence[x25519.Identity], fingerprint: str | None) -> None:
        self._keys, self._base, self._by = keys, base, by
        self._told = manifest.agreed(base, keys, fingerprint)

    def unpack(self, name: str, root: Path, below: str = "") -> None:
        file, plain = (self._keys if name == KEEPER else self._base) / name, root / "opened.new"
        sealed = file.with_name(name + age.SUFFIX)
        if sealed.name in self._told.files:
            if not self._by:
                raise Halt(f"{sealed} est chiffré : donnez à --identity le fichier de son identité.")
            self._told.check(sealed)
            age.decrypt(sealed, plain, self._by)
            _unpack(plain, root / below, sealed)
            plain.unlink()
        elif self._by and name in self._told.files:
            raise Halt(
                f"{file} est en clair, et vous donnez une identité : si c'est bien elle, relancez sans --identity."
            )
        else:
            self._told.check(file)
            _unpack(file, root / below, file)


def _fill(draft: Home, parts: _Parts) -> None:
    parts.unpack(KEEPER, draft.root)
    parts.unpack(BESIDE, draft.root)
    if draft.server() is None:  # else the server's own tools put its base back
        parts.unpack(BASE, draft.root, draft.pg.name)
        parts.unpack(CHANGES, draft.root, f"{draft.pg.name}/pg_wal")
        draft.pg.chmod(0o700)


def _put_in_place(draft: Path, root: Path) -> None:
    """Everything or nothing; over an empty folder (a start that went no further leaves some), never over more."""
    for path in draft.iterdir():
        there = root / path.name
        if there.exists() and not (there.is_dir() and path.is_dir() and not any(there.iterdir())):
            raise Halt(f"{there} existe déjà : donnez à EGIDE_HOME un dossier neuf, rien n'y est écrasé.")
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir()):
            there = root / path.name
            path.rename(there)
            moved.append(there)
    except BaseException:
        for there in moved:
            there.rename(draft / there.name)
        raise


def _masters(home: Home) -> tuple[int, int, list[str]]:
    """Changes whenever a key appears, is retired or goes under a passphrase: all of that passes through the folder."""
    try:
        folder = home.keeper_masters.stat()
        return folder.st_ino, folder.st_mtime_ns, sorted(path.name for path in home.keeper_masters.iterdir())
    except FileNotFoundError:
        raise Halt(f"Les clés manquent dans {home.keeper_masters} : voyez « egide doctor », puis relancez.") from None


def _beside(home: Home) -> list[str]:
    wanted = [home.secrets, home.base_json, home.server_json, *sorted(home.root.glob("demo*"))]
    return [path.name for path in wanted if path.exists()]


def _copy_base(home: Home, folder: Path) -> None:
    """PostgreSQL's own copy of a running server, with the changes made meanwhile."""
    done = subprocess.run(
        [find_binaries() / "pg_basebackup", "--host", home.connection("super")["host"], "--username",
         home.connection("super")["user"], "--no-password", "--pgdata", folder, "--format=tar", "--gzip",
         "--wal-method=stream", "--checkpoint=fast"],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PGPASSFILE": str(home.pgpass("super"))},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return
    if "No space left" in done.stderr:
        raise disk_full(folder.parent)
    if "connection to server" in done.stderr:
        raise Halt("La base ne répond pas : une sauvegarde se fait Égide en marche (« egide run »).")
    raise Halt("La base n'a pas pu être copiée (pg_basebackup a échoué) : voyez « egide doctor », puis relancez.")


@contextmanager
def _new(folder: Path) -> Iterator[Path]:
    """A folder that only its owner reads; away with it when what was to fill it failed."""
    if not folder.parent.is_dir() or not os.access(folder.parent, os.W_OK):
        raise Halt(f"{folder.parent} n'est pas un dossier où écrire : créez-le, ou donnez-en un autre.")
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _pack(file: Path, root: Path, names: Iterable[str]) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(file, "w:gz", out) as archive:
            for name in names:
                _add(archive, root / name, name)
        out.flush()
        os.fsync(out.fileno())


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """One file or folder of programs that go on writing: without their drafts, nor what is gone since it was listed."""
    if name == _NOT_KEPT or name.endswith(_DRAFTS):
        return
    with suppress(FileNotFoundError):
        entry = archive.gettarinfo(path, name)
        if entry.isdir():
            inside = sorted(os.listdir(path))  # noqa: PTH208 — names
            archive.addfile(entry)
            for one in inside:
                _add(archive, path / one, f"{name}/{one}")
        elif entry.isfile():
            _add_file(archive, path, entry)


def _add_file(archive: tarfile.TarFile, path: Path, entry: tarfile.TarInfo) -> None:
    """Copied first, beside the archive: its length there is what the archive says, however it changes meanwhile."""
    beside = str(Path(str(archive.name)).parent)
    with path.open("rb") as file, tempfile.SpooledTemporaryFile(_CHUNK, dir=beside) as copy:
        shutil.copyfileobj(file, copy, _CHUNK)
        entry.size = copy.tell()
        copy.seek(0)
        archive.addfile(entry, copy)


def _unpack(archive: Path, place: Path, part: Path) -> None:
    """Takes an archive out of `part` (which it was decrypted from, or is) into its place."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r:") as entries:
            entries.extractall(place, _looked_at(entries, part))  # noqa: S202 — each was looked at
            while content.read(_CHUNK):  # to its end, where the sum stands: a flipped bit may still read as a file
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise manifest.damaged(part, type(error).__name__) from None


def _looked_at(archive: tarfile.TarFile, part: Path) -> Iterator[tarfile.TarInfo]:
    for entry in archive:
        if not _ours(entry, part.name.removesuffix(age.SUFFIX)):
            raise Halt(f"{part} contient autre chose qu'une sauvegarde d'Égide : rien n'en est sorti.")
        yield entry


def _ours(entry: tarfile.TarInfo, part: str) -> bool:
    """A file or a folder below its place, of what this archive is for."""
    path = PurePosixPath(entry.name)
    below = (entry.isfile() or entry.isdir()) and not path.is_absolute() and ".." not in path.parts
    return below and entry.name.startswith(_HOLDS.get(part, ""))
