"""What the thief could print, counted against the demo's truth: R is distinct persons with an identifying field.

A person counts when the text shows her phone, e-mail, INS or permanent number; or her name beside her first name or her
date of birth; or her first name beside that date. Two names stand beside each other within one cell, line, paragraph
or heading. What the script typed itself does not count. Two who bear one name, or answer one phone, both count, unless
the ids of charts on the page say that one alone was shown.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from egide.rehearsal.drill.pages import UUID_TEXT, patients_in

_APART: Final = "\ue000"  # between two blocks of a page: no name reaches over it
_BLOCK = re.compile(r"</?(?:td|th|li|p|dd|dt|div|tr|option|h[1-6])\b[^>]*>", re.IGNORECASE)
_APARTS = re.compile(rf"(?:{_APART} )+")
_SAID = re.compile(rf"[A-Z0-9]+|{_APART}")
_TAG = re.compile(r"<[^>]*>")
_DATES = re.compile(r"\b(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)[/ .](\d\d)[/ .](\d{4}))\b")
_MAIL = re.compile(r"[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}")
_CHART = re.compile(rf"/dossier/({UUID_TEXT})/")
_ROW_END = re.compile(r"</(?:tr|li)>", re.IGNORECASE)
_NUMBER = re.compile(r"\d(?:[ .]?[0-9AB]){8,17}")
_WORDS = re.compile(r"[^A-Z0-9]+")
_NEAR: Final = 160  # letters on each side of a date of birth in which a name makes it a person
MANY: Final = 10_000  # past so many persons a name is many people's, and a date twenty's: one alone is nobody
_LONGEST_NAME: Final = 8  # words
_BY_DATE, _BY_NUMBER, _BY_MAIL, _BY_NAME = "nom et date de naissance", "numéro", "adresse électronique", "nom"
_RULES: Final = (_BY_DATE, _BY_NUMBER, _BY_MAIL, _BY_NAME)  # the likeliest to be a chart's own first


def blocks(text: str) -> list[str]:
    """The words of a page, as names are compared, with a mark wherever a cell, line, paragraph or heading ends."""
    return _SAID.findall(_marked(text))


def plain(text: str) -> str:
    """Upper case without diacritics, tags or doubled spaces: how names are compared."""
    bare = html.unescape(_TAG.sub(" ", text)).replace("\u202f", " ").replace("\xa0", " ")
    letters = unicodedata.normalize("NFKD", bare)
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).upper().split())


def words(text: str) -> str:
    """A name as words: hyphens and apostrophes are spaces."""
    return _WORDS.sub(" ", plain(text)).strip()


@dataclass
class Told:
    """Whom a text shows: without a doubt, each with the rule that says so; and those who share a name or a number."""

    sure: dict[int, str] = field(default_factory=dict)
    shared: list[set[int]] = field(default_factory=list)

    def add(self, rule: str, whose: Iterable[int]) -> None:
        """Shown without a doubt; the first rule that says so is kept."""
        for who in sorted(whose):
            self.sure.setdefault(who, rule)

    def bearers(self, rule: str, whose: set[int]) -> None:
        """One who bears it alone is shown; of several, one is."""
        if len(whose) == 1:
            self.add(rule, whose)
        elif whose:
            self.shared.append(whose)


class Truth:
    """Who is who, indexed by what identifies."""

    def __init__(self, people: Iterable[Mapping[str, Any]]) -> None:
        self.mails: defaultdict[str, set[int]] = defaultdict(set)
        self.numbers: defaultdict[str, set[int]] = defaultdict(set)
        self.addresses: defaultdict[str, set[int]] = defaultdict(set)
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
        for number in by_kind["ipp"]:
            self.numbers[number].add(who)
        for family in families:
            for given in givens:
                self._pairs[f"{family} {given}"].add(who)
                self._pairs[f"{given} {family}"].add(who)

    def _add_contacts(self, who: int, one: Mapping[str, Any]) -> None:
        for contact in one["contacts"]:
            value = str(contact["v"])
            if contact["kind"] == "email":
                self.mails[value.upper()].add(who)
            elif contact["kind"] == "phone":
                self.numbers[value.replace(" ", "")].add(who)
            elif contact["kind"] == "address":
                self.addresses[value].add(who)
        if one["ins"]:
            self.numbers[str(one["ins"]["v"])].add(who)

    def works_here(self, names: Iterable[str]) -> None:
        """Names of staff and places stand on many pages: past `MANY` they are theirs, whoever else bears them."""
        self._staff.update(words(name) for name in names)

    def __len__(self) -> int:
        return len(self.names)

    def births(self) -> list[tuple[int, str]]:
        """Everybody with each of her birth dates (ISO), by index."""
        return sorted((who, born) for born, whose in self._born.items() for who in whose)

    def persons(self, text: str) -> set[int]:
        """Who is shown in a text, as indexes of the truth; every homonym, unless the base is the group's (`MANY`)."""
        told = self.told(text)
        return set(told.sure).union(*told.shared)

    def told(self, text: str) -> Told:
        """Whom a text shows without a doubt; and, for each name, number or birthday that several share, who."""
        bare, told = plain(text), Told()
        for mail in _MAIL.findall(bare):
            told.bearers(_BY_MAIL, self.mails.get(mail, set()))
        for number in _NUMBER.findall(bare):
            for whose in self._by_number(re.sub(r"[ .]", "", number)):
                told.bearers(_BY_NUMBER, whose)
        if len(self) > MANY:
            self._by_date_of_many(_marked(text), told)
        else:
            self._by_date(bare, told)
        self._by_name(blocks(text), told)
        return told

    def charts_named(self, text: str) -> set[str]:
        """Ids of the charts that a list links to in a row with somebody's name, whoever of its bearers she is."""
        parts = _CHART.split(text)
        rows = zip(parts[1::2], parts[2::2], strict=True)
        return {chart for chart, rest in rows if any(self._named(blocks(_ROW_END.split(rest, 1)[0])))}

    def _by_number(self, digits: str) -> list[set[int]]:
        """Whose the number is, or one that stands inside a longer run of digits."""
        if digits in self.numbers:
            return [self.numbers[digits]]
        sizes = (9, 10, 15)
        parts = (digits[at : at + size] for size in sizes for at in range(len(digits) - size + 1))
        return [self.numbers[part] for part in parts if part in self.numbers]

    def _born_on(self, match: re.Match[str]) -> set[int]:
        year, month, day = match[1] or match[6], match[2] or match[5], match[3] or match[4]
        return self._born.get(f"{year}-{month}-{day}", set())

    def _by_date(self, bare: str, into: Told) -> None:
        """Named whole near a date; with those named by half there (a twin)."""
        for match in _DATES.finditer(bare):
            if born := self._born_on(match):
                around = f" {words(bare[max(0, match.start() - _NEAR) : match.end() + _NEAR])} "
                told = {
                    who: sum(any(f" {name} " in around for name in names) for names in self.names[who]) for who in born
                }
                into.add(_BY_DATE, {who for who, count in told.items() if count == 2})
                into.shared.append({who for who, count in told.items() if count})

    def _by_date_of_many(self, marked: str, into: Told) -> None:
        """Both names side by side, no colleague's nor a place's, near a date that is hers: a half is nobody."""
        for match in _DATES.finditer(marked):
            if born := self._born_on(match):
                near = _SAID.findall(_near(marked, match))
                into.add(_BY_DATE, {who for _, _, whose in self._named(near) for who in whose & born})

    def _staff_in(self, said: list[str]) -> set[int]:
        """Where words are the name of a colleague or a place."""
        return {
            at
            for start in range(len(said))
            for size in range(2, min(_LONGEST_NAME, len(said) - start) + 1)
            if " ".join(said[start : start + size]) in self._staff
            for at in range(start, start + size)
        }

    def _named(self, said: list[str]) -> Iterator[tuple[int, int, set[int]]]:
        """Where a name stands beside a first name: first word, length, who bear them; the longest first at each word.

        Past `MANY` none that begins in the name of a colleague or a place, whether it runs over it or not.
        """
        colleagues = self._staff_in(said) if len(self) > MANY else set()
        for start in range(len(said)):
            if start in colleagues:
                continue
            for size in range(min(_LONGEST_NAME, len(said) - start), 1, -1):
                whose = self._pairs.get(" ".join(said[start : start + size]))
                if whose is not None:
                    yield start, size, whose

    def _by_name(self, said: list[str], into: Told) -> None:
        """Who alone bears a name; those who share one, or bear a part of a longer one. These are nobody past `MANY`."""
        end, around = 0, set[int]()  # the name that reaches furthest so far, and whose it is
        for start, size, whose in self._named(said):
            if start + size > end:
                end, around = start + size, whose
                wider = whose
            else:
                wider = whose | around
            if len(wider) == 1 or len(self) <= MANY:
                into.bearers(_BY_NAME, wider)


class Loot:
    """All that one thief's script printed; `typed` is what it had typed itself, `own` the charts that are his by right.

    `beyond` says, for each person past the first that a chart showed, which rule counted her, and the chart's address.
    """

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.persons: set[int] = set()
        self.typed: set[str] = set()
        self.own: set[str] = set()
        self.beyond: list[str] = []
        self._ids: set[str] = set()
        self._charts: set[str] = set()
        self._listed: set[str] = set()

    def take(self, text: str, asked: str = "") -> set[int]:
        """Count the persons shown by a text, without what was typed; returns the new ones.

        `asked`: the address. Where ids of charts stand in either, a name counts no more persons than there are ids, of
        charts seen before those already counted. Without an id, all who bear it count.
        """
        ids = set(patients_in(f"{asked} {text}"))
        told = self._truth.told(self._untyped(text))
        sure = set(told.sure)
        found, room, again = set(sure), len(ids) - len(sure), ids <= self._ids
        for group in told.shared:
            least = 0 if group & sure else 1  # a name is somebody's
            rest = sorted(group - sure, key=lambda who: ((who in self.persons) != again, who))
            found |= set(rest[: max(least, room)] if ids else rest)
        found -= self.persons
        self.persons |= found
        self._ids |= ids
        for chart in patients_in(asked):
            self._explain(chart, asked, sorted(told.sure.get(who, "") for who in found))
        return found

    def take_list(self, text: str, asked: str = "") -> set[int]:
        """As `take`, of a list or a search. Past `MANY` each chart first seen beside a name is somebody."""
        found = self.take(text, asked)
        if len(self._truth) > MANY:
            self._listed |= self._truth.charts_named(self._untyped(text)) - self.own - set(patients_in(asked))
        return found

    @property
    def r(self) -> int:
        """Distinct persons so far."""
        return max(len(self.persons), len(self._listed))

    def _untyped(self, text: str) -> str:
        for own in self.typed:
            text = text.replace(own, " ")
        return text

    def _explain(self, chart: str, asked: str, rules: list[str]) -> None:
        """The first is whose the chart is."""
        for rule in sorted(rules, key=lambda one: _RULES.index(one) if one in _RULES else len(_RULES)):
            if chart in self._charts:
                self.beyond.append(f"{rule or 'nom porté par plusieurs'}, {asked}")
            self._charts.add(chart)


def _marked(text: str) -> str:
    """A page's words, its punctuation kept (dates), with a mark wherever a block ends."""
    return _APARTS.sub(f"{_APART} ", plain(_BLOCK.sub(f" {_APART} ", text.replace(_APART, " "))))


def _near(marked: str, match: re.Match[str]) -> str:
    """What stands within `_NEAR` letters of a match, marks not counted, the match itself left out."""
    far = 4 * _NEAR  # a mark and its space beside each letter and its own
    before, after = marked[max(0, match.start() - far) : match.start()], marked[match.end() : match.end() + far]
    return f"{before[len(before) - _reach(before[::-1]) :]} {_APART} {after[: _reach(after)]}"


def _reach(side: str) -> int:
    left = _NEAR
    for at, letter in enumerate(side):
        left -= letter != _APART
        if left < 0:
            return at
    return len(side)


def spoken(day: date) -> str:
    """A date as the pages write it."""
    return day.strftime("%d/%m/%Y")
