"""The chart's timeline: everything dated, newest first, by local day; and its filters."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from egide.directory.reads import unit_name
from egide.kernel.capabilities import Chart
from egide.orders import reads as orders
from egide.record import reads as record
from egide.record.rules import GENRES, IN_TIMELINE, Value, may_amend, may_restrict, shown
from egide.stays.reads import StayPlace
from egide.ui import pieces
from egide.ui.environment import url
from egide.ui.text import _
from egide.ui.words import word

_WRITTEN = frozenset({"note", "transmission"})
# What `?fil=` shows: kinds of events; None is all of them. "moi" is what the reader wrote.
FILTERS: dict[str, frozenset[str] | None] = {
    "": None,
    "constantes": frozenset({"vitals"}),
    "notes": frozenset({"note"}),
    "transmissions": frozenset({"transmission"}),
    "problemes": frozenset({"problem", "allergy"}),
    "sejour": frozenset({"stay"}),
    "examens": frozenset({"examination"}),
    **{genre: frozenset(kinds) for genre, kinds in GENRES.items()},
    "moi": None,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline. `struck` says that it was entered in error; `fix` is where that is said, or where
    what `fix_word` names is done.

    `link`: where the whole is read; `source`: in what state another system told it.
    """

    at: datetime
    kind: str
    title: str
    values: list[Value] = field(default_factory=list)
    detail: str | None = None
    author: str | None = None
    mine: bool = False
    sections: list[tuple[str, str]] = field(default_factory=list)
    struck: str | None = None
    fix: str | None = None
    fix_word: str | None = None
    restricted: bool = False
    link: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the timeline, its events newest first."""

    day: date
    events: list[Event]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chart read, as it becomes a timeline. `before`: the page goes back from that instant."""

    places: list[StayPlace]
    problems: list[record.Problem]
    allergies: list[record.Allergy]
    measured: record.Page[record.Measured]
    notes: record.Page[record.Written]
    age: int | None = None
    before: datetime | None = None
    imported: record.Page[record.Told] = field(default_factory=lambda: record.Page([], None))
    asked: list[orders.Examination] = field(default_factory=list)


def told_kinds(only: str) -> tuple[str, ...]:
    """Which kinds of imported facts the filter `only` shows; the whole timeline, all but the doses given."""
    return GENRES.get(only, IN_TIMELINE if only == "" else ())


def days(chart: Chart, facts: Facts, only: str) -> tuple[list[Day], datetime | None]:
    """The events that the filter `only` (a key of FILTERS) lets through, by day; the instant where the page ends.

    Measures and notes are read by pages: the timeline stops where the first of them does, so that it has no hole.
    None for the instant: the record's beginning is on this page.
    """
    kinds = FILTERS[only]
    ends = [
        facts.measured.end if kinds is None or "vitals" in kinds else None,
        facts.notes.end if kinds is None or kinds & _WRITTEN else None,
        facts.imported.end,
        facts.asked[-1].asked_at if len(facts.asked) == orders.MOST else None,
    ]
    end = max((one for one in ends if one is not None), default=None)
    events = [
        event
        for event in (*_readings(chart, facts.measured.found, facts.age), *_stays(facts.places),
                      *_notes(chart, facts.notes.found), *_imported(chart, facts.imported.found),
                      *_asked(chart, facts.asked),
                      *_coded(chart, "problem", facts.problems),
                      *_coded(chart, "allergy", facts.allergies))
        if (kinds is None or event.kind in kinds) and (only != "moi" or event.mine)
        and (end is None or event.at >= end) and (facts.before is None or event.at < facts.before)
    ]  # fmt: skip
    return _by_day(events), end


def _by_day(events: list[Event]) -> list[Day]:
    by_day: dict[date, list[Event]] = defaultdict(list)
    here = timezone.get_default_timezone()
    for event in sorted(events, key=lambda e: e.at, reverse=True):
        by_day[event.at.astimezone(here).date()].append(event)
    return [Day(day, found) for day, found in by_day.items()]


def _readings(chart: Chart, measured: list[record.Measured], age: int | None) -> list[Event]:
    """Values of one reading stand on one line; those entered in error on a line of their own, struck."""
    readings: dict[tuple[datetime, str | None, bool, int], list[record.Measured]] = defaultdict(list)
    title, fix = _("Constantes"), _fixes(chart, "measurement")
    again: Counter[tuple[datetime, str | None, bool, str]] = Counter()
    for one in measured:
        wrong = one.error is not None
        # the same parameter twice at one instant is two readings: neither hides the other
        nth = again[(one.taken_at, one.author, wrong, one.code)]
        again[(one.taken_at, one.author, wrong, one.code)] += 1
        readings[(one.taken_at, one.author, wrong, nth)].append(one)
    return [
        Event(
            at, "vitals", title, shown({one.code: one.value for one in values}, None, age),
            next((one.comment for one in values if one.comment), None), author, values[0].mine,
            struck=_struck(values[0].error), fix=fix(values[0].id, wrong),
        )
        for (at, author, wrong, _nth), values in readings.items()
    ]  # fmt: skip


def _stays(places: list[StayPlace]) -> list[Event]:
    events = []
    for place in places:
        where = unit_name(place.unit_id)
        events.append(Event(place.since, "stay", _("Entrée"), detail=where))
        if place.until is not None:
            events.append(Event(place.until, "stay", _("Sortie"), detail=where))
    return events


def _notes(chart: Chart, notes: list[record.Written]) -> list[Event]:
    mine, others, word_of_others = _fixes(chart, "note", mine=True), _fixes(chart, "note"), None
    if chart.may_write("clinical") and chart.may_read("protected") and may_restrict(chart.actor.profession, mine=False):
        others, word_of_others = _addresses(chart, "restrict", "note"), _("Restreindre")
    return [
        Event(
            one.at, one.kind, word(one.kind, "fact"), author=one.author, mine=one.author_id == chart.actor.account,
            sections=[(word(slug, "section"), text) for slug, text in one.sections.items() if text],
            struck=_struck(one.error),
            fix=(mine if one.author_id == chart.actor.account else others)(one.id, one.error is not None),
            fix_word=None if one.author_id == chart.actor.account else word_of_others,
            restricted=one.category == "protected",
        )
        for one in notes
    ]  # fmt: skip


def _imported(chart: Chart, told: list[record.Told]) -> list[Event]:
    """What another system told, with where it is read whole."""
    return [
        Event(
            one.at, one.kind, word(one.kind, "imported_kind"),
            detail=", ".join([one.label, *(words for slug, words in one.details if slug in ("dose", "route"))]),
            link=url("imported-one", patient=chart.patient_id, row=one.id), source=word(one.state, "imported_state"),
        )
        for one in told
    ]  # fmt: skip


def _asked(chart: Chart, asked: list[orders.Examination]) -> list[Event]:
    """A request, and each step of it: a line where it happened; the result whole."""
    me, events = chart.actor.account, []
    for one in asked:
        names = pieces.examinations(one)
        titles, link = f"{one.kind}_event", url("examination", patient=chart.patient_id, row=one.id)
        said = _("%(what)s (urgent)") % {"what": names} if one.urgent else names
        events.append(
            Event(one.asked_at, "examination", word("asked", titles), detail=said, author=one.author,
                  mine=one.author_id == me, link=link)
        )  # fmt: skip
        events += [
            Event(
                step.at, "examination", word(step.step, titles), author=step.author, mine=step.author_id == me,
                sections=[(names, step.words)] if step.step == "reported" else [], link=link,
                detail=f"{names} : {step.words}" if step.step == "cancelled" else names,
            )
            for step in one.steps
        ]  # fmt: skip
    return events


def _coded(chart: Chart, fact: str, found: list[record.Problem] | list[record.Allergy]) -> list[Event]:
    titles = {"problem": _("Problème inscrit"), "allergy": _("Allergie inscrite"), "past": _("Antécédent inscrit")}
    me, fix = chart.actor.account, _fixes(chart, fact)

    def title(one: record.Problem | record.Allergy) -> str:
        return titles["past" if isinstance(one, record.Problem) and one.kind != "problem" else fact]

    return [
        Event(
            one.recorded_at, fact, title(one), detail=one.label, author=one.author,
            mine=one.author_id == me, struck=_struck(one.error), fix=fix(one.id, one.error is not None),
            restricted=one.category == "protected",
        )
        for one in found
    ]  # fmt: skip


def _struck(error: record.Mistake | None) -> str | None:
    if error is None:
        return None
    said = _("Remplacé") if error.replaced else _("Saisi par erreur")
    by = f", {error.author}" if error.author else ""
    why = _(" : %(reason)s") % {"reason": error.reason} if error.reason else ""
    return f"{said} ({timezone.localtime(error.at):%d/%m/%Y %H:%M}{by}){why}"


def _fixes(chart: Chart, fact: str, *, mine: bool = False) -> Callable[[UUID, bool], str | None]:
    """Where a row of this kind of fact is corrected; None for one that already was, or that this reader may not."""
    if not chart.may_write("clinical") or not may_amend(fact, mine):
        return lambda _row, _wrong: None
    return _addresses(chart, "amend", fact)


def _addresses(chart: Chart, name: str, fact: str) -> Callable[[UUID, bool], str | None]:
    return lambda row, wrong: None if wrong else url(name, patient=chart.patient_id, fact=fact, row=row)
