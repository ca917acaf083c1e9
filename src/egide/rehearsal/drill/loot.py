"""What the thief could print, counted against the demo's truth: R is distinct persons with an identifying field.

A person counts when the text shows her phone, e-mail, INS or permanent number; or her name beside her first name or her
date of birth; or her first name beside that date. What the script typed itself does not count.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

_TAG = re.compile(r"<[^>]*>")
_DATES = re.compile(r"\b(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)[/ .](\d\d)[/ .](\d{4}))\b")
_MAIL = re.compile(r"[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}")
_NUMBER = re.compile(r"\d(?:[ .]?[0-9AB]){8,17}")
_WORDS = re.compile(r"[^A-Z0-9]+")
_NEAR: Final = 160  # letters on each side of a date of birth in which a name makes it a person
MANY: Final = 10_000  # past so many persons a name is many people's, and a date twenty's: one alone is nobody
_LONGEST_NAME: Final = 8  # words


def plain(text: str) -> str:
    """Upper case without diacritics, tags or doubled spaces: how names are compared."""
    bare = html.unescape(_TAG.sub(" ", text)).replace("\u202f", " ").replace("\xa0", " ")
    letters = unicodedata.normalize("NFKD", bare)
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).upper().split())


def words(text: str) -> str:
    """A name as words: hyphens and apostrophes are spaces."""
    return _WORDS.sub(" ", plain(text)).strip()


class Truth:
    """Who is who, indexed by what identifies."""

    def __init__(self, people: Iterable[Mapping[str, Any]]) -> None:
        self.mails: dict[str, int] = {}
        self.numbers: dict[str, int] = {}
        self.addresses: dict[str, int] = {}
        self.names: dict[int, tuple[set[str], set[str]]] = {}
        self._pairs: defaultdict[str, set[int]] = defaultdict(set)
        self._born: defaultdict[str, set[int]] = defaultdict(set)
        for one in people:
            self._add(int(one["index"]), one)

    def _add(self, who: int, one: Mapping[str, Any]) -> None:
        self._add_contacts(who, one)
        by_kind: defaultdict[str, set[str]] = defaultdict(set)
        for trait in one["traits"]:
            by_kind[trait["kind"]].add(str(trait["v"]))
        families = {words(name) for kind in ("birth_name", "used_name") for name in by_kind[kind]}
        givens = {words(name) for kind in ("first_name", "used_first_name") for name in by_kind[kind]}
        self.names[who] = (families, givens)
        for born in by_kind["birth_date"]:
            self._born[born].add(who)
        self.numbers.update(dict.fromkeys(by_kind["ipp"], who))
        for family in families:
            for given in givens:
                self._pairs[f"{family} {given}"].add(who)
                self._pairs[f"{given} {family}"].add(who)

    def _add_contacts(self, who: int, one: Mapping[str, Any]) -> None:
        for contact in one["contacts"]:
            value = str(contact["v"])
            if contact["kind"] == "email":
                self.mails[value.upper()] = who
            elif contact["kind"] == "phone":
                self.numbers[value.replace(" ", "")] = who
            elif contact["kind"] == "address":
                self.addresses[value] = who
        if one["ins"]:
            self.numbers[str(one["ins"]["v"])] = who

    def __len__(self) -> int:
        return len(self.names)

    def births(self) -> list[tuple[int, str]]:
        """Everybody with each of her birth dates (ISO), by index."""
        return sorted((who, born) for born, whose in self._born.items() for who in whose)

    def persons(self, text: str) -> set[int]:
        """Who is shown in a text, as indexes of the truth."""
        bare = plain(text)
        found = {self.mails[mail] for mail in _MAIL.findall(bare) if mail in self.mails}
        for number in _NUMBER.findall(bare):
            found |= self._by_number(re.sub(r"[ .]", "", number))
        found |= self._by_date(bare)
        return found | self._by_name(words(bare).split())

    def _by_number(self, digits: str) -> set[int]:
        """The number, or one that stands inside a longer run of digits."""
        if digits in self.numbers:
            return {self.numbers[digits]}
        sizes = (9, 10, 15)
        parts = (digits[at : at + size] for size in sizes for at in range(len(digits) - size + 1))
        return {self.numbers[part] for part in parts if part in self.numbers}

    def _by_date(self, bare: str) -> set[int]:
        found: set[int] = set()
        for match in _DATES.finditer(bare):
            year, month, day = match[1] or match[6], match[2] or match[5], match[3] or match[4]
            born = self._born.get(f"{year}-{month}-{day}")
            if born:
                around = f" {words(bare[max(0, match.start() - _NEAR) : match.end() + _NEAR])} "
                told = {
                    who: sum(any(f" {name} " in around for name in names) for names in self.names[who]) for who in born
                }
                whole = {who for who, count in told.items() if count == 2}
                # a twin shares name and date: who is named whole is meant
                found |= whole or {who for who, count in told.items() if count and len(self) <= MANY}
        return found

    def _by_name(self, said: list[str]) -> set[int]:
        found: set[int] = set()
        for start in range(len(said)):
            for size in range(2, _LONGEST_NAME + 1):
                pair = " ".join(said[start : start + size])
                whose = self._pairs.get(pair) or set()
                if whose and (len(whose) == 1 or len(self) <= MANY):
                    found.add(min(whose))  # homonyms are one name: it names one of them
        return found


class Loot:
    """All that one thief's script printed; `typed` is what it had typed itself."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.persons: set[int] = set()
        self.typed: set[str] = set()

    def take(self, text: str) -> set[int]:
        """Count the persons shown by a text, without what was typed; returns the new ones."""
        for own in self.typed:
            text = text.replace(own, " ")
        found = self._truth.persons(text) - self.persons
        self.persons |= found
        return found

    @property
    def r(self) -> int:
        """Distinct persons so far."""
        return len(self.persons)


def spoken(day: date) -> str:
    """A date as the pages write it."""
    return day.strftime("%d/%m/%Y")
