"""The channel as a browser finds it, over the real keeper and the real LISTEN."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from egide.gate.tests.factories import Hospital
from egide.live.app import PATH, Channel
from egide.live.hub import PER_SESSION
from egide.rehearsal.workstation import Bearer, Workstation

ORIGIN = "http://localhost:8499"
SECONDS = 15


class Line:
    """One request to the application, read event by event."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._started = asyncio.Event()
        self._gone = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self._started.set()
        elif message["body"]:
            self._said.put_nowait(message["body"].decode())
        elif not message["more_body"]:
            self._said.put_nowait("")

    async def started(self) -> int:
        await asyncio.wait_for(self._started.wait(), SECONDS)
        return self.status

    async def next(self, *, beats: bool = False) -> str:
        """The next event; beats are passed over unless asked for; empty at the end."""
        while True:
            piece = await asyncio.wait_for(self._said.get(), SECONDS)
            if beats or not piece.startswith("event: beat"):
                return piece

    async def close(self) -> None:
        self._gone.set()
        if self.task is not None:
            await asyncio.wait_for(self.task, SECONDS)


@asynccontextmanager
async def running(hospital: Hospital) -> AsyncIterator[Callable[..., Awaitable[Line]]]:
    """The application with its lifespan, listening; gives the function that asks it something."""
    channel = Channel(hospital.home, ORIGIN)
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    ready, ended = asyncio.Event(), asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        (ready if message["type"] == "lifespan.startup.complete" else ended).set()

    life = asyncio.create_task(channel({"type": "lifespan"}, told.get, send))
    told.put_nowait({"type": "lifespan.startup"})
    await asyncio.wait_for(ready.wait(), SECONDS)
    while not channel.hub.open:
        await asyncio.sleep(0.01)
    lines: list[Line] = []

    async def ask(cookie: str = "", method: str = "GET", path: str = PATH, **headers: str) -> Line:
        given = {"origin": ORIGIN, "cookie": f"egide_session={cookie}", **headers}
        if isinstance(cookie, Bearer):
            given.setdefault("egide_proof", cookie.workstation.proof("GET", PATH))
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items() if value]
        line = Line()
        scope = {"type": "http", "method": method, "path": path, "headers": pairs}
        line.task = asyncio.create_task(channel(scope, line.receive, line.send))
        lines.append(line)
        await line.started()
        return line

    try:
        yield ask
    finally:
        for line in lines:
            await line.close()
        told.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait_for(ended.wait(), SECONDS)
        await life


def story(hospital: Hospital, tell: Callable[[Callable[..., Awaitable[Line]]], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with running(hospital) as ask:
            await tell(ask)

    asyncio.run(whole())


def test_a_page_hears_a_beat_at_once_and_dies_with_its_session(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())

    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        line = await ask(cookie)
        assert line.status == 200
        assert line.headers["access-control-allow-origin"] == ORIGIN
        assert line.headers["cache-control"] == "no-store"
        assert await line.next(beats=True) == "event: beat\ndata: \n\n"
        hospital.web.call("revoke", cookie=cookie)
        assert await line.next() == "event: die\ndata: \n\n"
        assert await line.next() == ""
        assert (await ask(cookie)).status == 401

    story(hospital, tell)


def test_a_session_revoked_from_another_frozen_or_expired_dies_too(hospital: Hospital) -> None:
    person = hospital.person("nurse", hospital.unit())

    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        for change in (
            "UPDATE accounts.session SET ended_at = clock_timestamp() WHERE account = %s",
            "UPDATE accounts.session SET frozen_at = clock_timestamp() WHERE account = %s",
            "UPDATE accounts.session SET expires_at = clock_timestamp() WHERE account = %s",
        ):
            cookie = hospital.sign_in(person)
            line = await ask(cookie)
            hospital.sql(change, person.account)
            assert await line.next() == "event: die\ndata: \n\n", change

    story(hospital, tell)


def test_the_end_of_the_account_or_of_the_profession_kills_every_page(hospital: Hospital) -> None:
    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        for change in (
            "UPDATE accounts.membership SET until = clock_timestamp() WHERE account = %s",
            "UPDATE accounts.account SET ended_at = clock_timestamp() WHERE id = %s",
        ):
            person, cookie = hospital.signed_in("nurse", hospital.unit())
            line = await ask(cookie)
            hospital.sql(change, person.account)
            assert await line.next() == "event: die\ndata: \n\n", change

    story(hospital, tell)


def test_a_notify_by_whoever_can_send_one_empties_no_page(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    session = hospital.value("SELECT id FROM accounts.session ORDER BY created_at DESC LIMIT 1")

    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        line = await ask(cookie)
        await line.next(beats=True)
        with hospital.connect("web") as web:  # NOTIFY is open to every role of PostgreSQL
            web.execute(f"NOTIFY egide_live, 'session {session}'")
        for _ in range(2):
            assert (await line.next(beats=True)).startswith("event: beat")

    story(hospital, tell)


def test_an_arrival_is_told_to_the_unit_without_a_word_of_whom(hospital: Hospital) -> None:
    unit, elsewhere = hospital.unit(), hospital.unit()
    _, cookie = hospital.signed_in("nurse", unit)
    _, other = hospital.signed_in("nurse", elsewhere)

    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        line, far = await ask(cookie), await ask(other)
        hospital.patient(unit, since=datetime.now(UTC))
        assert await line.next() == f"event: changed\ndata: {unit}\n\n"
        await far.next(beats=True)
        assert (await far.next(beats=True)).startswith("event: beat")

    story(hospital, tell)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"origin": "http://evil.example"}, 403), ({"origin": "http://localhost:8500"}, 403), ({"origin": ""}, 403),
        ({"origin": "", "sec_fetch_site": "same-site"}, 403), ({"origin": "null"}, 403),
        ({"path": "/"}, 404), ({"path": "/direct"}, 404), ({"method": "POST"}, 405), ({"method": "OPTIONS"}, 204),
        ({"cookie": "x"}, 401), ({"cookie": "A" * 300}, 401), ({"cookie": ""}, 401), ({"cookie": '"'}, 401),
    ],
)  # fmt: skip
def test_nobody_else_listens(hospital: Hospital, asked: dict[str, str], status: int) -> None:
    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        line = await ask(**asked)
        assert line.status == status
        shared = line.headers.get("access-control-allow-origin")
        assert shared in (None, ORIGIN)
        assert (shared is None) == (status in (403, 404))

    story(hospital, tell)


def test_a_copied_cookie_hears_nothing(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    used = cookie.workstation.proof("GET", PATH)

    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        assert (await ask(cookie, egide_proof=used)).status == 200
        for proof in ("", used, Workstation().proof("GET", PATH), cookie.workstation.proof("GET", "/vivant/")):
            assert (await ask(str(cookie), egide_proof=proof)).status == 428, proof

    story(hospital, tell)


def test_one_more_line_than_a_session_may_have_is_refused(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())

    async def tell(ask: Callable[..., Awaitable[Line]]) -> None:
        lines = [await ask(cookie) for _ in range(PER_SESSION)]
        assert {line.status for line in lines} == {200}
        assert (await ask(cookie)).status == 429
        await lines[0].close()
        assert (await ask(cookie)).status == 200

    story(hospital, tell)


def test_the_role_of_the_channel_reads_nothing(hospital: Hospital) -> None:
    with hospital.connect("live") as live:
        for table in (
            "accounts.session",
            "gate.link",
            "public.identity_patient",
            "audit.entry",
            "public.directory_unit",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                live.execute(f"TABLE {table}")
