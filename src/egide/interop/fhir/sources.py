"""Which files an import takes, under which names, and the hash of them all (its manifest)."""

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_SUFFIXES = (".json", ".ndjson", ".jsonl")


class SourceRefused(Exception):
    """The import cannot start, or stops before anything is written: one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: where it is, how the report names it, whether its name says one document or gzip."""

    path: Path
    name: str
    whole: bool
    gzipped: bool


def files_of(paths: Sequence[Path]) -> list[SourceFile]:
    """The files of the given paths; in folders, at any depth, those called .json, .ndjson, .jsonl, also with .gz.

    A file named by itself is taken whatever its name. Refuses a path that does not exist or holds nothing to read.
    """
    found: dict[Path, SourceFile] = {}
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            raise SourceRefused(f"{shown(path)} n'existe pas ou n'est pas lisible : vérifiez le chemin.") from None
        if stat.S_ISDIR(mode):
            inside = [_source(file, file.relative_to(path.parent)) for file in _walk(path)]
            if not inside:
                raise SourceRefused(f"{shown(path)} ne contient aucun fichier .json ou .ndjson (ni .gz de ceux-ci).")
            found.update((file.path.resolve(), file) for file in inside)
        elif stat.S_ISREG(mode):
            found.setdefault(path.resolve(), _source(path, Path(path.name)))
        else:
            raise SourceRefused(f"{shown(path)} n'est ni un fichier ni un dossier.")
    return sorted(found.values(), key=lambda file: (file.name, str(file.path)))


def manifest(digests: Iterable[tuple[str, str]]) -> str:
    """SHA-256, in hexadecimal, over the sorted lines `hash  name` of the files (the form of sha256sum)."""
    lines = sorted(f"{digest}  {name}\n" for name, digest in digests)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def shown(path: Path | str) -> str:
    """A name as a terminal may show it: control characters and undecodable bytes become `?`."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)


def _walk(folder: Path) -> list[Path]:
    return [
        Path(place) / name
        for place, folders, names in os.walk(folder)
        for name in names
        if _bare(name).endswith(_SUFFIXES) and not name.startswith(".") and (Path(place) / name).is_file()
    ]


def _bare(name: str) -> str:
    return name.lower().removesuffix(".gz")


def _source(path: Path, name: Path) -> SourceFile:
    bare = _bare(path.name)
    return SourceFile(path, shown(name), not bare.endswith((".ndjson", ".jsonl")), path.name.lower().endswith(".gz"))
