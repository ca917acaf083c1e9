"""Who listens, and what each is told. One event loop, nothing shared with threads."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

PER_SESSION = 12  # a browser's tabs share one; more is somebody who counts on our patience
TOTAL = 4_000
UNTOLD = 32  # events kept for a page that does not read; past it, it is let go and asks the web server
DIE = "die"
LOCK = "lock"
CLOSE = ""


class Full(Exception):
    """No more streams, of this session or at all."""


@dataclass(eq=False, slots=True)
class Stream:
    """One line to one browser. `cookie` is what the keeper is asked again with."""

    session: UUID
    units: frozenset[UUID]
    cookie: str = field(repr=False)
    told: "asyncio.Queue[str]" = field(default_factory=lambda: asyncio.Queue(UNTOLD))

    def tell(self, event: str) -> None:
        """Queue an event; a queue that is full is emptied and the line closed."""
        try:
            self.told.put_nowait(event)
        except asyncio.QueueFull:
            while not self.told.empty():
                self.told.get_nowait()
            self.told.put_nowait(CLOSE)


class Locked(Exception):
    """A session that is locked: its pages hide, and wait for its owner."""


# The units of a session that is alive; None once it is over. Raises Locked; ConnectionError when the keeper is silent.
Ask = Callable[[str], Awaitable[frozenset[UUID] | None]]


class Hub:
    """Every stream, by session. `open` while PostgreSQL is heard."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._streams: dict[UUID, set[Stream]] = {}
        self._count = 0
        self.open = False

    def join(self, session: UUID, units: frozenset[UUID], cookie: str) -> Stream:
        """A new stream; Full past the limits."""
        mine = self._streams.setdefault(session, set())
        if len(mine) >= PER_SESSION or self._count >= TOTAL:
            raise Full
        stream = Stream(session, units, cookie)
        mine.add(stream)
        self._count += 1
        return stream

    def leave(self, stream: Stream) -> None:
        """The page went; the same stream twice is once."""
        mine = self._streams.get(stream.session, set())
        if stream in mine:
            mine.remove(stream)
            self._count -= 1
            if not mine:
                del self._streams[stream.session]

    def sessions(self) -> list[UUID]:
        """Sessions that listen now."""
        return list(self._streams)

    async def hear(self, payload: str) -> None:
        """One hint of PostgreSQL: `session <uuid>` or `unit <uuid>`; anything else is not for us."""
        kind, _, name = payload.partition(" ")
        try:
            subject = UUID(name)
        except ValueError:
            return
        if kind == "unit":
            for stream in self._all():
                if subject in stream.units:
                    stream.tell(f"changed {subject}")
        elif kind == "session":
            await self.look(subject)

    async def look(self, session: UUID) -> None:
        """Ask the keeper about one session: over, its pages die; locked, they hide.

        Where nobody answers, they ask for themselves.
        """
        listening = list(self._streams.get(session, ()))
        if not listening:
            return
        try:
            units = await self._ask(listening[0].cookie)
        except Locked:
            for stream in listening:
                stream.tell(LOCK)
            return
        except ConnectionError:
            for stream in listening:
                stream.tell(CLOSE)
            return
        for stream in listening:
            if units is None:
                stream.tell(DIE)
            else:
                stream.units = units

    def deaf(self) -> None:
        """PostgreSQL is not heard any more: every stream closes."""
        self.open = False
        for stream in self._all():
            stream.tell(CLOSE)

    def _all(self) -> Iterator[Stream]:
        for mine in list(self._streams.values()):
            yield from list(mine)
