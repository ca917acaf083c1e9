"""Reads files through the confined process (`parser`): this side opens and hashes them, the other side parses them."""

import contextlib
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack

import egide
from egide.interop.fhir import limits
from egide.interop.fhir.sources import SourceFile, SourceRefused, manifest
from egide.interop.fhir.tally import Tally
from egide.interop.fhir.values import Malformed, Person, unpack_person

FILE_REFUSED: dict[str, str] = {
    "binary": "{file} n'est pas du texte JSON : retirez-le ou donnez le bon fichier.",
    "empty": "{file} est vide : retirez-le ou donnez le bon fichier.",
    "gzip": "{file} est un gzip abîmé ou tronqué : copiez-le à nouveau.",
    "not_gzip": "{file} porte le nom d'un gzip sans en être un : renommez-le ou copiez-le à nouveau.",
    "too_large": "{file} dépasse la taille permise (64 Mio par bundle, 4 Gio par NDJSON) : découpez-le.",
    "bomb": "{file} se décompresse plus de 200 fois : il est refusé comme piégé.",
    "memory": "{file} demande trop de mémoire : importez moins de fichiers à la fois.",
    "needs_source": "Des patients n'ont ni numéro de dossier ni identifiant universel : nommez la source par --source.",
}
_NONSENSE = "La lecture a donné une réponse incompréhensible : signalez-le avec le nom des fichiers."
_STEP = limits.MIB


@dataclass(slots=True)
class Reading:
    """What was read: the hash of the files, then the persons one after the other, then (when they end) the tally."""

    manifest: str
    size: int
    patients: int
    resources: int
    persons: Iterator[Person]
    tally: Tally = field(default_factory=Tally)


@contextlib.contextmanager
def read(files: Sequence[SourceFile], source: str, progress: Callable[[int], None]) -> Iterator[Reading]:
    """Read all files; the confined process ends with the block.

    Nothing is answered before the last byte, so a refused file refuses the whole import. `progress` is told how many
    bytes were just read from disk. Raises SourceRefused with its sentence.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "egide.interop.fhir.parser"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could hold a value
        bufsize=0,
        cwd="/",
        env={"PYTHONPATH": str(Path(egide.__file__).resolve().parents[1])},
    )
    digests: list[tuple[str, str]] = []
    size = 0
    try:
        with contextlib.suppress(BrokenPipeError):  # it refused a file or died: its answer tells
            size = _feed(process, files, source, digests, progress)
        answers = _answers(process, files)
        what, *counts = next(answers)
        if what != "count" or len(counts) != 2 or not all(isinstance(count, int) for count in counts):
            raise SourceRefused(_NONSENSE)
        reading = Reading(manifest(digests), size, int(counts[0]), int(counts[1]), iter(()))
        reading.persons = _persons(answers, reading)
        yield reading
    finally:
        _end(process)


def _feed(
    process: subprocess.Popen[bytes],
    files: Sequence[SourceFile],
    source: str,
    digests: list[tuple[str, str]],
    progress: Callable[[int], None],
) -> int:
    entry = process.stdin
    if entry is None:
        raise RuntimeError("no pipe")
    size = 0
    _write(entry, ["source", source])
    for file in files:
        _write(entry, ["file", file.whole, file.gzipped])
        digest = hashlib.sha256()
        try:
            with file.path.open("rb") as stream:
                while data := stream.read(_STEP):
                    digest.update(data)
                    size += len(data)
                    _write(entry, ["bytes", data])
                    progress(len(data))
        except BrokenPipeError:
            raise
        except OSError:
            raise SourceRefused(f"{file.name} n'est pas lisible : vérifiez ses droits.") from None
        _write(entry, ["end"])
        digests.append((file.name, digest.hexdigest()))
    _write(entry, ["done"])
    entry.close()
    return size


def _write(entry: Any, message: list[Any]) -> None:
    data = memoryview(msgpack.packb(message, use_bin_type=True))
    while data:
        data = data[entry.write(data) :]


def _answers(process: subprocess.Popen[bytes], files: Sequence[SourceFile]) -> Iterator[list[Any]]:
    """Messages of the confined process, until its tally; its refusals and its death become sentences."""
    try:
        unpacker = msgpack.Unpacker(process.stdout, raw=False, max_buffer_size=limits.MAX_MESSAGE, strict_map_key=True)
        for message in unpacker:
            if not isinstance(message, list) or not message:
                break
            if message[0] == "refused":
                _, index, code = message
                name = files[index].name if isinstance(index, int) and 0 <= index < len(files) else ""
                raise SourceRefused(FILE_REFUSED[code].format(file=name))
            yield message
            if message[0] == "tally":
                return
        code = process.wait(10)
        raise SourceRefused(f"La lecture s'est arrêtée (code {code}) : importez moins de fichiers à la fois.")
    except (ValueError, KeyError, TypeError, msgpack.UnpackException, msgpack.BufferFull):
        raise SourceRefused(_NONSENSE) from None


def _persons(answers: Iterator[list[Any]], reading: Reading) -> Iterator[Person]:
    try:
        for what, content in answers:
            if what == "person":
                yield unpack_person(content)
            elif what == "tally":
                reading.tally = Tally.unpack(content)
    except (Malformed, ValueError, TypeError):
        raise SourceRefused(_NONSENSE) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    with contextlib.suppress(PermissionError):  # it may run as nobody, and we as the worker by now
        process.kill()
    process.wait()
