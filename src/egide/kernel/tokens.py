"""Blind tokens: a text becomes 64 bits that only the keeper can compute (design: finding without listing).

Kinds: SRC (a foreign system's id), N3, P, YP, DM (names with a birth date), INS, IPP, TEL (a number). Never a birth
date alone, nor a name alone. Decision: docs/decisions/0013-search-tokens.md
"""

import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from egide.kernel import phonetics

KINDS = ("N3", "P", "YP", "DM", "INS", "IPP", "TEL", "PAD")
_ROOM = 4  # the number of a person's tokens is padded to a multiple of it, and to eight at least
_LEAST = 8
_MOST_NAMES = 24  # forms of one person that are spread; no real one comes near
_NUMBER = re.compile(r"[^0-9A-Z]+")


def subkey(master: bytes, kind: str) -> bytes:
    """One subkey a kind, so that equal texts of two kinds do not meet."""
    return hmac.digest(master, b"egide/token/" + kind.encode() + b"\x01", "sha256")


def source_token(keys: Sequence[bytes], system: str, identifier: str) -> int:
    """Token of kind SRC: the id of a foreign system; a signed 64-bit integer (PostgreSQL bigint).

    `keys`: every version, oldest first; each blinds what the one before gave, so that a renewal needs no id.
    """
    text = unicodedata.normalize("NFC", system).encode() + b"\x00" + unicodedata.normalize("NFC", identifier).encode()
    token = _blind(keys[0], text)
    for key in keys[1:]:
        token = blind_again(key, token)
    return token


def blind_again(key: bytes, token: int) -> int:
    """A source's token under one version more."""
    return _blind(key, token.to_bytes(8, "big", signed=True))


def _blind(key: bytes, text: bytes) -> int:
    return int.from_bytes(hmac.digest(key, text, "sha256")[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a person can be looked for: every value, present or past. Texts as stored; dates ISO."""

    names: tuple[str, ...] = ()
    firsts: tuple[str, ...] = ()
    births: tuple[date, ...] = ()
    ins: tuple[str, ...] = ()
    ipp: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> "Traits":
        """From the keeper's protocol: each field a text or a list of texts; ValueError or TypeError otherwise."""
        known = {"birth_name", "used_name", "first_names", "birth_date", "ins", "ipp", "phones"}
        if not set(raw) <= known:
            raise ValueError("unknown trait")
        return cls(
            names=(*_texts(raw.get("birth_name")), *_texts(raw.get("used_name"))),
            firsts=_texts(raw.get("first_names")),
            births=tuple(date.fromisoformat(day) for day in _texts(raw.get("birth_date"))),
            ins=_texts(raw.get("ins")),
            ipp=_texts(raw.get("ipp")),
            phones=_texts(raw.get("phones")),
        )


def _texts(raw: Any) -> tuple[str, ...]:
    values = () if raw is None else (raw,) if isinstance(raw, str) else tuple(raw)
    if len(values) > 50 or not all(isinstance(one, str) and len(one) <= 400 for one in values):
        raise ValueError("not a trait")
    return tuple(dict.fromkeys(value for value in values if value))


# Trait or contact → the field of the keeper's protocol under which its tokens are made.
_FOUND_BY = {
    "birth_name": "birth_name", "used_name": "used_name", "first_name": "first_names", "used_first_name": "first_names",
    "birth_date": "birth_date", "ins": "ins", "ipp": "ipp", "phone": "phones",
}  # fmt: skip


def found_by(values: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What a person is found by, present and past, from (kind, value) pairs; other kinds and odd dates are left out."""
    found: dict[str, list[str]] = {}
    for kind, value in values:
        field = _FOUND_BY.get(kind)
        if field is not None and (kind != "birth_date" or _is_day(value)) and len(value) <= _LONGEST:
            kept = found.setdefault(field, [])
            if value not in kept and len(kept) < _MOST:
                kept.append(value)
    return found


_LONGEST = 400
_MOST = 20


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


class Blinder:
    """Makes the tokens of a person and those of a search. Holds the subkeys: one in the keeper, nowhere else."""

    def __init__(self, master: bytes) -> None:
        self._keys = {kind: subkey(master, f"{kind}/{phonetics.VERSION}") for kind in KINDS}

    def __repr__(self) -> str:
        return "Blinder()"

    def of_person(self, traits: Traits, seed: bytes) -> list[int]:
        """Every token to store, each once, sorted; padded with blanks that depend on `seed` alone, so twice is once."""
        found = set(self._numbers(traits))
        names = _forms(traits.names)
        firsts = _forms(traits.firsts)
        heads = {form[:3] for form in (*names, *firsts)}
        heard = {phonetics.key(form) for form in names}
        pairs = {_pair(a, b) for a in _wholes(traits.names) for b in _wholes(traits.firsts)}
        for day in traits.births:
            found.update(self.n3(day, head) for head in heads)
            found.update(self.p(day, one) for one in heard)
            for pair in pairs:
                found.add(self.yp(day.year, pair))
                found.add(self.dm(day.month, day.day, pair))
        wanted = max(_LEAST, -(-len(found) // _ROOM) * _ROOM)
        blanks = 0
        while len(found) < wanted:
            found.add(_blind(self._keys["PAD"], seed + blanks.to_bytes(2, "big")))
            blanks += 1
        return sorted(found)

    def _numbers(self, traits: Traits) -> Iterator[int]:
        for kind, values in (("INS", traits.ins), ("IPP", traits.ipp)):
            yield from (self.number(kind, value) for value in values if plain_number(value))
        yield from (self.number("TEL", value) for value in map(plain_phone, traits.phones) if value)

    def of_search(self, name: Sequence[str], first: Sequence[str], day: date) -> list[int]:
        """First tier: what was typed, on the very date. `name` and `first` as `phonetics.forms` gives them."""
        found = {self.n3(day, form[:3]) for form in (*name, *first)}
        found.update(self.p(day, phonetics.key(form)) for form in name)
        if name and first:
            # whoever types the first name in the name's place is heard too
            found.update(self.p(day, phonetics.key(form)) for form in first[:1])
            pair = _pair(phonetics.key(name[0]), phonetics.key(first[0]))
            found.add(self.yp(day.year, pair))
            found.add(self.dm(day.month, day.day, pair))
        return list(found)

    def of_slips(self, name: Sequence[str], first: Sequence[str], day: date, days: Iterable[date]) -> list[int]:
        """Second tier, about 300: both names on each of `days` (slips of the date); the name's slips on the date."""
        heads, heard = {name[0][:3], first[0][:3]}, phonetics.key(name[0])
        found = {self.n3(day, head) for head in phonetics.head_slips(name[0])}
        for other in days:
            found.update(self.n3(other, head) for head in heads)
            found.add(self.p(other, heard))
        return list(found)

    def of_year(self, name: Sequence[str], first: Sequence[str], year: int) -> list[int]:
        """Only the year is known: both names, as they are heard, in either order."""
        return [self.yp(year, _pair(phonetics.key(name[0]), phonetics.key(first[0])))]

    def n3(self, day: date, head: str) -> int:
        """Birth date and first three letters, in one domain for every name and first name."""
        return self._token("N3", f"{day.isoformat()}|{head}")

    def p(self, day: date, heard: str) -> int:
        """Birth date and phonetic name."""
        return self._token("P", f"{day.isoformat()}|{heard}")

    def yp(self, year: int, pair: str) -> int:
        """Year, and both names as they are heard."""
        return self._token("YP", f"{year}|{pair}")

    def dm(self, month: int, day: int, pair: str) -> int:
        """Day and month, and the same pair."""
        return self._token("DM", f"{month:02}{day:02}|{pair}")

    def number(self, kind: str, value: str) -> int:
        """INS or IPP (letters and digits only count), or TEL as `plain_phone` gives it."""
        return self._token(kind, plain_number(value))

    def _token(self, kind: str, text: str) -> int:
        return _blind(self._keys[kind], text.encode())


def plain_number(value: str) -> str:
    """Letters and digits of an identifier, capitals."""
    return _NUMBER.sub("", value.upper())


def plain_phone(value: str) -> str:
    """The digits of a phone number in its national form: +33 6 and 0033 6 become 06; empty below six digits."""
    digits = "".join(c for c in value if c.isascii() and c.isdigit())
    for prefix in ("0033", "33"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 9:
            digits = "0" + digits[len(prefix) :]
    return digits if len(digits) >= 6 else ""


def _forms(values: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(form for value in values for form in phonetics.forms(value)))[:_MOST_NAMES]


def _wholes(values: Sequence[str]) -> list[str]:
    keys = (phonetics.key(whole) for value in values if (whole := phonetics.letters(value)))
    return list(dict.fromkeys(keys))[:6]


def _pair(one: str, other: str) -> str:
    return "|".join(sorted((one, other)))
