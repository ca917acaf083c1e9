"""The keeper's own ceilings: how many distinct persons it discloses, counted where neither the web nor the base writes.

Per session, account, site and for the group, on a sliding hour and day; apart: those outside any link. Figures stand
in ceilings.toml. The counts outlive a restart (one file in the keeper's folder); without that file linked care goes on
and nothing else, until they are rebuilt from the trail.
"""

import os
import struct
import threading
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

FIGURES: Final = Path(__file__).with_name("ceilings.toml")
HOUR, DAY = 3600.0, 86_400.0
WINDOWS: Final = {"hour": (300.0, 12), "day": (3600.0, 24)}  # width of a slot in seconds, slots
SCOPES: Final = ("session", "account", "site", "group")
# A person's own links are hers: past a person's pace a fresh factor says that it is she. A site's care goes on.
ASKED_OF_LINKED: Final = ("session", "account")
_RECORD = struct.Struct(">dB16s16s16s16s")  # when, outside?, session, account, site, person
MOST_RECORDS: Final = 2_000_000
LOADED_AT_ONCE: Final = 500


class Who(NamedTuple):
    """Whose disclosure it is."""

    session: UUID
    account: UUID
    site: UUID


class Disclosure(NamedTuple):
    """One person shown to somebody at an instant (seconds since 1970)."""

    at: float
    outside: bool
    who: Who
    person: UUID


@dataclass(frozen=True, slots=True)
class Alarm:
    """A count that passed `alarm` × its busiest: scope (session, account, site, group), window (hour, day)."""

    scope: str
    window: str
    outside: bool
    total: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`given`, or what is asked first: fresh_factor, counters_lost. `alarms` are to be written whatever the verdict."""

    code: str
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True)
class Figures:
    """ceilings.toml."""

    alarm: float
    ask: float
    busiest: dict[tuple[bool, str, str], int]

    @classmethod
    def read(cls, path: Path = FIGURES) -> "Figures":
        """Every figure must be there: a missing one would be no ceiling."""
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        busiest = {
            (outside, scope, window): int(data["outside" if outside else "linked"][scope][window])
            for outside in (False, True) for scope in SCOPES for window in WINDOWS
        }  # fmt: skip
        return cls(float(data["alarm"]), float(data["ask"]), busiest)


class Ceilings:
    """One a door. Every method may be called by any thread."""

    def __init__(
        self,
        path: Path | None,
        figures: Figures | None = None,
        clock: Callable[[], float] = time.time,
        *,
        lazy: bool = False,
    ) -> None:
        self._figures = figures or Figures.read()
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[bool, bytes, bytes], float] = {}  # outside?, session's or account's id, person → last
        self._counts: dict[tuple[bool, str, bytes, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._said: dict[tuple[bool, str, bytes, str], float] = {}
        self._passes: dict[bytes, int] = {}
        self._path, self._file, self._records = path, -1, 0
        self._pending: list[Disclosure] = []
        self._found = path is not None and self._read(path)
        self.lost = path is not None
        if not lazy:
            self.load()

    def ask(self, who: Who, people: Iterable[UUID], *, outside: bool, emergency: bool = False) -> Verdict:
        """Count these persons, or say what must come first; nothing is counted then. Persons seen already cost nothing.

        `emergency` is counted and never refused.
        """
        with self._lock:
            now = self._clock()
            if self.lost and outside and not emergency:
                return Verdict("counters_lost")
            fresh = self._moving(who, people, outside, now)
            if not fresh:
                return Verdict("given")
            totals = self._totals(who, fresh, outside, now)
            asked = SCOPES if outside else ASKED_OF_LINKED
            over = any(
                total > self._figures.ask * self._figures.busiest[outside, scope, window]
                for (scope, window), (total, more) in totals.items() if more and scope in asked
            )  # fmt: skip
            alarms = tuple(self._alarms(who, totals, outside, now))
            if over and not emergency:
                if not self._passes.get(who.session.bytes):
                    return Verdict("fresh_factor", alarms)
                self._passes[who.session.bytes] -= 1
            for person in fresh:
                self._count(Disclosure(now, outside, who, person), keep=True)
            return Verdict("given", alarms)

    def let_pass(self, session: UUID) -> None:
        """This session has just proved who it is: one more read past its ceiling."""
        with self._lock:
            self._passes[session.bytes] = 1

    def restore(self, disclosures: Iterable[Disclosure]) -> None:
        """What the trail holds of the last day; then the counts are whole again."""
        with self._lock:
            for one in disclosures:
                self._count(one, keep=True)
            self.lost = False

    def total(self, scope: str, key: UUID | None, window: str, *, outside: bool) -> int:
        """How many distinct persons now."""
        with self._lock:
            return self._sum((outside, scope, key.bytes if key else b"", window), self._clock())

    def load(self) -> None:
        """Count what the file held; a keeper that has many sessions to count answers linked care meanwhile."""
        while self._pending:
            with self._lock:
                for one in reversed(self._pending[-LOADED_AT_ONCE:]):
                    self._count(one, keep=False)
                del self._pending[-LOADED_AT_ONCE:]
        with self._lock:
            self.lost = self.lost and not self._found

    # ── counting ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _moving(self, who: Who, people: Iterable[UUID], outside: bool, now: float) -> list[UUID]:
        """Those whom this session or account has not been shown in the slot that runs: nothing moves for the others."""
        slot = int(now // WINDOWS["hour"][0])
        width = WINDOWS["hour"][0]
        session, account, seen = who.session.bytes, who.account.bytes, self._seen
        return [
            one
            for one in dict.fromkeys(people)
            if int(seen.get((outside, session, one.bytes), 0.0) // width) != slot
            or int(seen.get((outside, account, one.bytes), 0.0) // width) != slot
        ]

    def _totals(
        self, who: Who, people: list[UUID], outside: bool, now: float
    ) -> dict[tuple[str, str], tuple[int, int]]:
        """By scope and window: the count with these persons, and how many of them are new."""
        found = {}
        for scope, key in _keys(who):
            own = who.session.bytes if scope == "session" else who.account.bytes
            for window, (width, slots) in WINDOWS.items():
                oldest = int(now // width) - slots
                more = sum(
                    int(self._seen.get((outside, own, person.bytes), 0.0) // width) <= oldest for person in people
                )
                found[scope, window] = (self._sum((outside, scope, key, window), now) + more, more)
        return found

    def _alarms(
        self, who: Who, totals: dict[tuple[str, str], tuple[int, int]], outside: bool, now: float
    ) -> Iterable[Alarm]:
        """Each scope and window says so once an hour."""
        for scope, key in _keys(who):
            for window in WINDOWS:
                total, more = totals[scope, window]
                name = (outside, scope, key, window)
                limit = self._figures.alarm * self._figures.busiest[outside, scope, window]
                if more and total > limit and now - self._said.get(name, 0.0) >= HOUR:
                    self._said[name] = now
                    yield Alarm(scope, window, outside, total)

    def _sum(self, name: tuple[bool, str, bytes, str], now: float) -> int:
        width, slots = WINDOWS[name[3]]
        ring = self._counts.get(name)
        if not ring:
            return 0
        oldest = int(now // width) - slots
        for slot in [one for one in ring if one <= oldest]:
            del ring[slot]
        return sum(ring.values())

    def _count(self, one: Disclosure, *, keep: bool) -> None:
        """A person counts in the slot where she was last seen: the sum of a ring is exact."""
        owners = {"session": one.who.session.bytes} | dict.fromkeys(SCOPES[1:], one.who.account.bytes)
        for scope, key in _keys(one.who):
            last = self._seen.get((one.outside, owners[scope], one.person.bytes))
            if last is not None and last > one.at:
                continue  # shown again since: counted there
            for window, (width, slots) in WINDOWS.items():
                ring = self._counts[one.outside, scope, key, window]
                slot = int(one.at // width)
                if last is not None and slot - int(last // width) < slots:
                    ring[int(last // width)] = max(0, ring[int(last // width)] - 1)
                ring[slot] += 1
        for own in {one.who.session.bytes, one.who.account.bytes}:
            name = (one.outside, own, one.person.bytes)
            self._seen[name] = max(one.at, self._seen.get(name, 0.0))
        if keep:
            self._write(one)

    # ── the file ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, path: Path) -> bool:
        """Whether the counts of before were there. Left out: a torn record, a day-old one, one seen again since."""
        whole = path.exists()
        data = path.read_bytes() if whole else b""
        since = self._clock() - DAY
        last: dict[tuple[bytes, ...], tuple[float, bool]] = {}
        for at, outside, *whose in _RECORD.iter_unpack(data[: len(data) - len(data) % _RECORD.size]):
            if at > since:
                last[bytes([outside]), *whose] = (at, bool(outside))
        kept = [
            Disclosure(
                at, outside, Who(UUID(bytes=name[1]), UUID(bytes=name[2]), UUID(bytes=name[3])), UUID(bytes=name[4])
            )
            for name, (at, outside) in last.items()
        ]
        replaced = path.with_suffix(".new")
        replaced.write_bytes(b"".join(map(_packed, kept)))
        if whole:
            replaced.replace(path)
        else:
            replaced.unlink()
        self._pending = sorted(kept, key=lambda one: -one.at)  # taken from its end: the oldest first
        self._records = len(kept)
        return whole

    def _write(self, one: Disclosure) -> None:
        if self._path is None:
            return
        if self._records >= MOST_RECORDS:
            self._compact(one.at)
        if self._file < 0:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._file, _packed(one))
        self._records += 1

    def _compact(self, now: float) -> None:
        """The file without what is older than a day."""
        if self._path is None:
            return
        os.close(self._file)
        data = self._path.read_bytes()
        live = [
            record
            for record in _RECORD.iter_unpack(data[: len(data) - len(data) % _RECORD.size])
            if record[0] > now - DAY
        ]
        replaced = self._path.with_suffix(".new")
        replaced.write_bytes(b"".join(_RECORD.pack(*record) for record in live))
        replaced.replace(self._path)
        self._file, self._records = -1, len(live)
        self._seen = {name: at for name, at in self._seen.items() if at > now - DAY}


def _packed(one: Disclosure) -> bytes:
    return _RECORD.pack(
        one.at, one.outside, one.who.session.bytes, one.who.account.bytes, one.who.site.bytes, one.person.bytes
    )


def _keys(who: Who) -> tuple[tuple[str, bytes], ...]:
    return (("session", who.session.bytes), ("account", who.account.bytes), ("site", who.site.bytes), ("group", b""))
