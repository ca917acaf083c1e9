"""Dates of one person: which is the last, whether it lies ahead, and moving them all by whole days. Pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from egide.interop.fhir.values import Person, Trait

_DATED_TRAITS = frozenset({"birth_date", "deceased"})
_CLOCKS_DIFFER = timedelta(days=1)


def birth(person: Person) -> date:
    """The birth date, completed where the source gave a part of it."""
    return next(date.fromisoformat(trait.value) for trait in person.traits if trait.kind == "birth_date")


def last_instant(person: Person) -> datetime:
    """The latest instant or day (its midnight) of all that is taken, birth and death included."""
    instants = [moment for stay in person.stays for moment in (stay.start, stay.end) if moment]
    instants += [fact.at for fact in person.imported]  # a treatment may go on after today
    instants += [measurement.taken_at for measurement in person.measurements]
    instants += [problem.recorded_at for problem in person.problems if problem.recorded_at]
    instants += [allergy.recorded_at for allergy in person.allergies if allergy.recorded_at]
    days = [day for problem in person.problems for day in (problem.onset, problem.ended) if day]
    days += [date.fromisoformat(trait.value) for trait in person.traits if _is_dated(trait)]
    days += [trait.since for trait in (*person.traits, *person.contacts) if trait.since]
    last_day = max(days)
    if not instants or last_day > max(instants).date():
        return datetime.combine(last_day, time.min, UTC)
    return max(instants)


def lies_ahead(person: Person, now: datetime) -> bool:
    """Whether something is dated after now (by more than a day: two clocks may differ)."""
    return last_instant(person).date() > (now + _CLOCKS_DIFFER).date()


def days_back(person: Person, now: datetime) -> int:
    """By how many whole days to move this person so that the last date is yesterday; 0 when it is past already."""
    return max(0, (last_instant(person).date() - (now - timedelta(days=1)).date()).days)


def moved(person: Person, days: int) -> Person:
    """Everything dated, moved back by the same number of days: intervals, ages and times of day stay."""
    if days == 0:
        return person
    by = timedelta(days=days)
    return replace(
        person,
        traits=tuple(_moved_trait(trait, by) for trait in person.traits),
        contacts=tuple(_moved_trait(contact, by) for contact in person.contacts),
        stays=tuple(replace(stay, start=stay.start - by, end=_back(stay.end, by)) for stay in person.stays),
        problems=tuple(
            replace(
                problem,
                onset=_day_back(problem.onset, by),
                ended=_day_back(problem.ended, by),
                recorded_at=_back(problem.recorded_at, by),
            )
            for problem in person.problems
        ),
        allergies=tuple(replace(found, recorded_at=_back(found.recorded_at, by)) for found in person.allergies),
        measurements=tuple(replace(found, taken_at=found.taken_at - by) for found in person.measurements),
        imported=tuple(replace(found, at=found.at - by, until=_back(found.until, by)) for found in person.imported),
        # the bytes stay as they came; the date that the chart tells moves with the rest
        asides=tuple(replace(found, at=_back(found.at, by)) for found in person.asides),
    )


def _is_dated(trait: Trait) -> bool:
    return trait.kind in _DATED_TRAITS and trait.value[:1].isdigit()


def _moved_trait(trait: Trait, by: timedelta) -> Trait:
    value = (date.fromisoformat(trait.value) - by).isoformat() if _is_dated(trait) else trait.value
    return replace(trait, value=value, since=_day_back(trait.since, by), until=_day_back(trait.until, by))


def _back(moment: datetime | None, by: timedelta) -> datetime | None:
    return None if moment is None else moment - by


def _day_back(day: date | None, by: timedelta) -> date | None:
    return None if day is None else day - by
