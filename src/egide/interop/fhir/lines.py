"""Bytes of one file, as they come, become JSON documents with their line; limits on size, ratio and depth."""

import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import FrameType
from typing import Any

from egide.interop.fhir import limits, spans
from egide.interop.fhir.fields import Invalid

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_STEP = limits.MIB


class FileRefused(Exception):
    """The whole file, hence the import, is refused: a code of reading.FILE_REFUSED."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Lines:
    """Feed it the bytes of one file; it yields (line number, bytes or Invalid) for each document.

    `whole` says that the file holds one JSON document (a bundle); a file of several lines is found out by itself.
    """

    def __init__(self, *, whole: bool, named_gzip: bool) -> None:
        self._whole = whole
        self._named_gzip = named_gzip
        self._packed: Any = None
        self._started = False
        self._looked = False
        self._compressed = 0
        self._size = 0
        self._line = 1
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | Invalid]]:
        """Take the next bytes of the file."""
        if not self._started and data:
            self._started = True
            if data.startswith(_GZIP):
                self._packed = zlib.decompressobj(wbits=31)
            elif self._named_gzip:
                raise FileRefused("not_gzip")
        self._compressed += len(data)
        if self._packed is None:
            yield from self._take(data)
            return
        pending = False
        while data or pending:
            if self._packed.eof:
                if not _GZIP.startswith(data[:2]):
                    raise FileRefused("gzip")
                self._packed = zlib.decompressobj(wbits=31)
            try:
                block = self._packed.decompress(data, _STEP)
            except zlib.error:
                raise FileRefused("gzip") from None
            data = self._packed.unconsumed_tail or self._packed.unused_data
            pending = len(block) == _STEP and not self._packed.eof
            yield from self._take(block)

    def finish(self) -> Iterator[tuple[int, bytes | Invalid]]:
        """The end of the file: what stands after the last line break."""
        if self._packed is not None and not self._packed.eof:
            raise FileRefused("gzip")
        if not self._started:
            raise FileRefused("empty")
        if self._skipping:
            yield self._line, Invalid("too_long")
        elif self._rest.strip():
            yield self._line, bytes(self._rest)

    def _take(self, block: bytes) -> Iterator[tuple[int, bytes | Invalid]]:
        self._size += len(block)
        if self._size > limits.MAX_FILE:
            raise FileRefused("too_large")
        if self._packed is not None and self._size > max(limits.RATIO_FREE, self._compressed * limits.MAX_RATIO):
            raise FileRefused("bomb")
        if not self._looked and block:
            self._looked = True
            if b"\x00" in block[:8192] or block.startswith((b"%PDF", b"PK\x03\x04")):
                raise FileRefused("binary")
        self._rest += block
        if self._whole:
            if len(self._rest) > limits.MAX_DOCUMENT:
                raise FileRefused("too_large")
            return
        if b"\n" in block:
            *full, rest = self._rest.split(b"\n")
            self._rest = rest
            for line in full:
                if self._skipping or len(line) > limits.MAX_LINE:
                    self._skipping = False
                    yield self._line, Invalid("too_long")
                elif line.strip():
                    yield self._line, bytes(line)
                self._line += 1
        if len(self._rest) > limits.MAX_LINE:
            self._skipping = True
            self._rest.clear()


def documents(line: int, raw: bytes, *, whole: bool) -> Iterator[tuple[int, Any, bytes]]:
    """The JSON values that one line or file holds, each with its line and its bytes; Invalid where it is broken.

    A file called .json whose first line reads by itself holds one document a line.
    """
    try:
        yield line, document(raw), raw
    except Invalid as invalid:
        each = raw.split(b"\n") if whole else []
        if len(each) < 2 or not _reads(next((part for part in each if part.strip()), b"")):
            yield line + (invalid.below if whole else 0), invalid, b""
            return
        for number, part in enumerate(each, start=line):
            if part.strip():
                yield from documents(number, part, whole=False)


def document(raw: bytes) -> Any:
    """The JSON value of one line or file; raises Invalid. Numbers with a point are Decimal, never float."""
    try:
        with _nested():
            return json.loads(raw.removeprefix(_BOM).decode(), parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Invalid("not_utf8") from None
    except RecursionError:
        raise Invalid("too_deep") from None
    except json.JSONDecodeError as error:
        raise Invalid("not_json", below=error.lineno - 1) from None
    except (ValueError, ArithmeticError):
        raise Invalid("not_json") from None


def resources(bundle: bytes) -> list[bytes]:
    """The bytes of each entry's resource of a bundle that `document` read."""
    with _nested():
        return [text.encode() for text in spans.resources(bundle.removeprefix(_BOM).decode())]


@contextmanager
def _nested() -> Iterator[None]:
    """Inside, JSON may be nested MAX_DEPTH deep and no deeper."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_depth() + limits.MAX_DEPTH)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _reads(raw: bytes) -> bool:
    try:
        document(raw)
    except Invalid:
        return False
    return True


def _depth() -> int:
    depth = 0
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 — the only way to know how deep the caller stands
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")
