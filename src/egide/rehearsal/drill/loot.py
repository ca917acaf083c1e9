"""What the thief could print, counted against the demo's truth: R is distinct persons with an identifying field.

A person counts when the text shows her phone, e-mail, INS or permanent number; or her name beside her first name or her
date of birth; or her first name beside that date. What the script typed itself does not count. Two who bear one name
both count, unless the ids of charts on the page say that one alone was shown.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from egide.rehearsal.drill.pages import patients_in

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
        self._staff: set[str] = set()
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

    def works_here(self, names: Iterable[str]) -> None:
        """Names of staff and places stand on many pages: past `MANY`, one alone is theirs, whoever else bears it."""
        self._staff.update(words(name) for name in names)

    def __len__(self) -> int:
        return len(self.names)

    def births(self) -> list[tuple[int, str]]:
        """Everybody with each of her birth dates (ISO), by index."""
        return sorted((who, born) for born, whose in self._born.items() for who in whose)

    def persons(self, text: str) -> set[int]:
        """Who is shown in a text, as indexes of the truth; every homonym, unless the base is the group's (`MANY`)."""
        sure, groups = self.told(text)
        return sure.union(*groups)

    def told(self, text: str) -> tuple[set[int], list[set[int]]]:
        """Whom a text shows without a doubt; and, for each name or birthday that several share, who they are."""
        bare = plain(text)
        sure = {self.mails[mail] for mail in _MAIL.findall(bare) if mail in self.mails}
        for number in _NUMBER.findall(bare):
            sure |= self._by_number(re.sub(r"[ .]", "", number))
        groups: list[set[int]] = []
        for certain, shared in (self._by_date(bare), self._by_name(words(bare).split())):
            sure |= certain
            groups += shared
        return sure, groups

    def _by_number(self, digits: str) -> set[int]:
        """The number, or one that stands inside a longer run of digits."""
        if digits in self.numbers:
            return {self.numbers[digits]}
        sizes = (9, 10, 15)
        parts = (digits[at : at + size] for size in sizes for at in range(len(digits) - size + 1))
        return {self.numbers[part] for part in parts if part in self.numbers}

    def _by_date(self, bare: str) -> tuple[set[int], list[set[int]]]:
        """Named whole beside a date; with those named by half there (a twin). The half is nobody past `MANY`."""
        sure: set[int] = set()
        groups: list[set[int]] = []
        for match in _DATES.finditer(bare):
            year, month, day = match[1] or match[6], match[2] or match[5], match[3] or match[4]
            born = self._born.get(f"{year}-{month}-{day}")
            if born:
                around = f" {words(bare[max(0, match.start() - _NEAR) : match.end() + _NEAR])} "
                told = {
                    who: sum(any(f" {name} " in around for name in names) for names in self.names[who]) for who in born
                }
                sure |= {who for who, count in told.items() if count == 2}
                if len(self) <= MANY:
                    groups.append({who for who, count in told.items() if count})
        return sure, groups

    def _staff_in(self, said: list[str]) -> set[int]:
        """Where words are the name of a colleague or a place; a part of it beside the next word is nobody's either."""
        return {
            at
            for start in range(len(said))
            for size in range(2, min(_LONGEST_NAME, len(said) - start) + 1)
            if " ".join(said[start : start + size]) in self._staff
            for at in range(start, start + size)
        }

    def _by_name(self, said: list[str]) -> tuple[set[int], list[set[int]]]:
        """Who alone bears a name; those who share one, or bear a part of a longer one. These are nobody past `MANY`."""
        sure: set[int] = set()
        groups: list[set[int]] = []
        end, around = 0, set[int]()  # the name that reaches furthest so far, and whose it is
        colleagues = self._staff_in(said) if len(self) > MANY else set()
        for start in range(len(said)):
            for size in range(min(_LONGEST_NAME, len(said) - start), 1, -1):
                whose = self._pairs.get(" ".join(said[start : start + size]))
                if whose is None or not colleagues.isdisjoint(range(start, start + size)):
                    continue
                if start + size > end:
                    end, around = start + size, whose
                    wider = whose
                else:
                    wider = whose | around
                if len(wider) == 1:
                    sure |= wider
                elif len(self) <= MANY:
                    groups.append(wider)
                elif len(whose) == 1:
                    sure |= whose
        return sure, groups


class Loot:
    """All that one thief's script printed; `typed` is what it had typed itself."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.persons: set[int] = set()
        self.typed: set[str] = set()
        self._ids: set[str] = set()

    def take(self, text: str, asked: str = "") -> set[int]:
        """Count the persons shown by a text, without what was typed; returns the new ones.

        `asked`: the address. Where ids of charts stand in either, a name counts no more persons than there are ids, of
        charts seen before those already counted. Without an id, all who bear it count.
        """
        ids = set(patients_in(f"{asked} {text}"))
        for own in self.typed:
            text = text.replace(own, " ")
        sure, groups = self._truth.told(text)
        found, room, again = set(sure), len(ids) - len(sure), ids <= self._ids
        for group in groups:
            least = 0 if group & sure else 1  # a name is somebody's
            rest = sorted(group - sure, key=lambda who: ((who in self.persons) != again, who))
            found |= set(rest[: max(least, room)] if ids else rest)
        found -= self.persons
        self.persons |= found
        self._ids |= ids
        return found

    @property
    def r(self) -> int:
        """Distinct persons so far."""
        return len(self.persons)


def spoken(day: date) -> str:
    """A date as the pages write it."""
    return day.strftime("%d/%m/%Y")
