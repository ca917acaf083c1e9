"""Finds people of the truth, and planted strings, in any bytes: text, UTF-16, hexadecimal, base64, one inside another.

The rule. Planted strings: anywhere, in each encoding. Phones, e-mails, addresses, INS, permanent numbers: anywhere,
each of those who bear one (a phone, an address may be a household's). Names: a birth or used name of five letters or
more, in capitals as it is stored, alone as a word and borne by a patient; staff's names are in mixed case and do not
match. First names alone are left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from egide.rehearsal.drill.loot import Truth

_MAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{3,80}")
_NUMBER = re.compile(rb"\d(?:[ .]?[0-9AB]){8,17}")
_ADDRESS = re.compile(rb"\d{1,3}(?: bis| ter)? [^\x00-\x1f,]{4,60}, \d{5} [^\x00-\x1f\",;}]{2,40}")
_NAME = re.compile(rb"(?<![A-Za-z])[A-Z][A-Z'-]+(?: [A-Z][A-Z'-]+){0,3}(?![A-Za-z])")
_WIDE_LITTLE = re.compile(rb"(?:[\x20-\xff]\x00){6,}")
_WIDE_BIG = re.compile(rb"(?:\x00[\x20-\xff]){6,}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){9,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{14,}")
_SHORTEST_NAME: Final = 5
_DEEPEST: Final = 2  # an encoding inside an encoding
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `person` is an index of the truth, None for a planted string; `kind` says what it was."""

    kind: str
    person: int | None


class Sieve:
    """Built once from the truth and the planted strings; `search` keeps nothing."""

    def __init__(self, truth: Truth, planted: tuple[str, ...]) -> None:
        self._truth = truth
        self._planted = tuple(text.encode() for text in planted)
        self._mails = {mail.encode(): whose for mail, whose in truth.mails.items()}
        self._numbers = {number.encode(): whose for number, whose in truth.numbers.items()}
        self._addresses = {address.encode(): whose for address, whose in truth.addresses.items()}
        self._names: dict[bytes, int] = {}
        for who, (families, _) in truth.names.items():
            for family in families:
                if len(family) >= _SHORTEST_NAME:
                    self._names.setdefault(family.encode(), who)

    def example(self) -> str:
        """One person as her record would hold her, for the sieve's own control."""
        mail, bearers = next(iter(self._truth.mails.items()))
        number = next(number for number, whose in self._truth.numbers.items() if whose & bearers)
        return f"{mail} {number} {next(iter(self._names)).decode()}"

    @staticmethod
    def disguises(text: str) -> Iterator[tuple[str, bytes]]:
        """A text in every encoding that is searched."""
        yield "UTF-8", text.encode()
        yield "UTF-16 LE", text.encode("utf-16-le")
        yield "UTF-16 BE", text.encode("utf-16-be")
        yield "hexadécimal", text.encode().hex().encode()
        yield "hexadécimal majuscule", text.encode().hex().upper().encode()
        for shift in range(3):
            yield f"base64, décalage {shift}", base64.b64encode(b"x" * shift + text.encode())

    def search(self, data: bytes, depth: int = 0) -> set[Hit]:
        """What a piece of bytes shows."""
        found = {Hit("chaîne plantée", None) for text in self._planted if text in data}
        found |= self._plain(data)
        if depth < _DEEPEST:
            for part in _decoded(data):
                found |= self.search(part, depth + 1)
        return found

    def _plain(self, data: bytes) -> set[Hit]:
        found: set[Hit] = set()
        for mail in _MAIL.findall(data):
            found |= {Hit("adresse électronique", who) for who in self._mails.get(mail.upper(), ())}
        for address in _ADDRESS.findall(data):
            known = (address[:size] for size in range(20, len(address) + 1))
            found |= {Hit("adresse", who) for one in known for who in self._addresses.get(one, ())}
        for match in _NUMBER.findall(data):
            found |= self._number(match.replace(b" ", b"").replace(b".", b""))
        for name in _NAME.findall(data):
            bare = b" ".join(re.split(rb"[^A-Z]+", name))
            for part in (bare, *bare.split()):
                if (who := self._names.get(part)) is not None:
                    found.add(Hit("nom", who))
        return found

    def _number(self, digits: bytes) -> set[Hit]:
        found: set[Hit] = set()
        for size in (9, 10, 15):
            for at in range(len(digits) - size + 1):
                if _whole(digits, size):
                    found |= {Hit("numéro", who) for who in self._numbers.get(digits[at : at + size], ())}
        return found


def _whole(digits: bytes, size: int) -> bool:
    """A nine-digit number inside a longer run is chance; ten and fifteen are not."""
    return size > 9 or len(digits) == size


def _decoded(data: bytes) -> Iterator[bytes]:
    """What a piece of bytes is when read as UTF-16, hexadecimal or base64, at each possible alignment."""
    for pattern, offset in ((_WIDE_LITTLE, 0), (_WIDE_BIG, 1)):
        for run in pattern.findall(data):
            yield run[offset::2].decode("latin-1").encode()
    for run in _HEX.findall(data):
        for shift in range(2):
            text = run[shift:]
            yield bytes.fromhex(text[: len(text) - len(text) % 2].decode("ascii"))
    for run in _BASE64.findall(data):
        text = run.translate(_URL_SAFE)
        for shift in range(4):
            part = text[shift:]
            try:
                yield binascii.a2b_base64(part[: len(part) - len(part) % 4])
            except binascii.Error:
                continue
