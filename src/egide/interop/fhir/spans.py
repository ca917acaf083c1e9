"""Where each resource of a bundle stands in its text, so that it can be kept as it came, byte for byte."""

import json
import re
from collections.abc import Iterator

_BLANK = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder()


def resources(bundle: str) -> list[str]:
    """The text of each entry's resource, in order; empty where an entry has none. The bundle reads as JSON already.

    Of a name that stands twice in one object the last counts, as it does for the parser.
    """
    found: list[str] = []
    for name, start in _members(bundle, _blank(bundle, 0)):
        if name == "entry" and bundle.startswith("[", start):
            found = [_resource(bundle, at) for at in _items(bundle, start)]
    return found


def _resource(text: str, at: int) -> str:
    span = (at, at)
    if text.startswith("{", at):
        for name, start in _members(text, at):
            if name == "resource":
                span = (start, _end(text, start))
    return text[span[0] : span[1]]


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """(name, where its value begins) of each member of the object at `at`."""
    at = _blank(text, at + 1)
    while text[at] != "}":
        name, at = _decoder.raw_decode(text, at)
        at = _blank(text, _blank(text, at) + 1)  # the colon
        yield name, at
        at = _next(text, at)


def _items(text: str, at: int) -> Iterator[int]:
    at = _blank(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, at)


def _next(text: str, at: int) -> int:
    """Past the value at `at` and the comma after it."""
    at = _blank(text, _end(text, at))
    return _blank(text, at + 1) if text[at] == "," else at


def _end(text: str, at: int) -> int:
    return _decoder.raw_decode(text, at)[1]


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
