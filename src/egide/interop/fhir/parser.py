"""The confined process: bytes of files on standard input, persons on standard output, nothing else within reach.

In, as msgpack: `["source", label]`; per file `["file", whole, named_gzip]`, `["bytes", data]`…, `["end"]`; `["done"]`.
Out: `["refused", file, code]`, or `["count", patients, resources]`, `["person", …]`… and last `["tally", …]`.
"""

import os
import sys
from typing import Any, BinaryIO

import msgpack

from egide.interop.fhir import limits
from egide.interop.fhir.fields import Invalid
from egide.interop.fhir.gathering import Gathering, NeedsSource
from egide.interop.fhir.lines import FileRefused, Lines, documents
from egide.interop.fhir.tally import Place
from egide.interop.fhir.values import pack


def main() -> None:
    """Lock up, read everything, answer."""
    entry = os.fdopen(0, "rb", buffering=0)
    out = os.fdopen(1, "wb", buffering=limits.MIB)
    "".encode("idna")  # codecs load lazily, and no file can be opened later
    limits.confine()
    index = -1
    try:
        gathering, index = Gathering(), -1
        for message in msgpack.Unpacker(entry, raw=False, max_buffer_size=4 * limits.MIB):
            what = message[0]
            if what == "source":
                gathering = Gathering(message[1])
            elif what == "file":
                index += 1
                whole = bool(message[1])
                lines = Lines(whole=whole, named_gzip=bool(message[2]))
            elif what == "bytes":
                _take(gathering, index, whole, lines.feed(message[1]))
            elif what == "end":
                _take(gathering, index, whole, lines.finish())
            elif what == "done":
                _answer(out, gathering)
                return
        sys.exit(3)
    except FileRefused as refused:
        _say(out, ["refused", index, refused.code])
    except NeedsSource:
        _say(out, ["refused", -1, "needs_source"])
    except MemoryError:
        gathering = Gathering()
        _say(out, ["refused", max(index, 0), "memory"])
    out.flush()


def _take(gathering: Gathering, file: int, whole: bool, found: Any) -> None:
    for line, raw in found:
        if isinstance(raw, Invalid):
            gathering.take(Place(file, line), raw, b"")
            continue
        for number, document, text in documents(line, raw, whole=whole):
            gathering.take(Place(file, number), document, text)


def _answer(out: BinaryIO, gathering: Gathering) -> None:
    gathering.check_sources()
    _say(out, ["count", *gathering.count()])
    for person in gathering.persons():
        _say(out, ["person", pack(person)])
    _say(out, ["tally", gathering.tally.pack()])
    out.flush()


def _say(out: BinaryIO, message: list[Any]) -> None:
    out.write(msgpack.packb(message, use_bin_type=True))


if __name__ == "__main__":
    main()
