"""The ASGI application of the live channel: `GET /direct/`, a stream of server-sent events for one of our own pages."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

from egide.keeper.client import Keeper, KeeperDown
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home
from egide.kernel.proofs import HEADER
from egide.live import listening
from egide.live.hub import CLOSE, DIE, Full, Hub, Locked

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[str, str]

PATH = "/direct/"
BEAT_SECONDS = 2.0  # a page that has heard nothing for three asks the web server, and masks itself in five
COOKIE = "egide_session"
LONGEST_COOKIE = 200
OVER = frozenset({"session_ended", "session_frozen"})


class Channel:
    """The application: made once, its loop's tasks begin with the server's lifespan."""

    def __init__(self, home: Home, origin: str) -> None:
        self._home = home
        self._origin = origin
        self._keeper = Keeper(home.keeper_socket("live"))
        self._threads = ThreadPoolExecutor(
            1, "keeper"
        )  # one line to the keeper: it answers `who` in a fifth of a millisecond
        self.hub = Hub(self._alive)
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lifespan, or one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                self._tasks = [
                    asyncio.create_task(listening.listen(self._home, self.hub)),
                    asyncio.create_task(listening.look_around(self.hub)),
                ]
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                self.hub.deaf()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                self._threads.submit(self._keeper.close)
                self._threads.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        method, path = scope["method"], scope["path"]
        if (method, path) == ("GET", "/sante/"):
            await _say(send, 200 if self.hub.open else 503, {})
        elif path != PATH:
            await _say(send, 404, {})
        elif not self._from_our_page(headers):
            await _say(send, 403, {})
        elif method == "OPTIONS":
            await _say(send, 204, self._shared() | {"access-control-allow-headers": "egide-proof"})
        elif method != "GET":
            await _say(send, 405, self._shared())
        else:
            await self._stream(headers, receive, send)

    def _from_our_page(self, headers: Headers) -> bool:
        """The exact origin; behind a proxy that serves both, the browser leaves the origin out and says so."""
        origin = headers.get("origin")
        return origin == self._origin or (origin is None and headers.get("sec-fetch-site") == "same-origin")

    def _shared(self) -> Headers:
        return {
            "access-control-allow-origin": self._origin, "access-control-allow-credentials": "true", "vary": "Origin",
        }  # fmt: skip

    async def _stream(self, headers: Headers, receive: Receive, send: Send) -> None:
        cookie = _cookie(headers.get("cookie", ""))
        try:
            proof = headers.get(HEADER.lower(), "")
            who = await self._who(cookie, proof) if cookie and self.hub.open else None
            if who is None:
                await _say(send, 401 if self.hub.open else 503, self._shared())
                return
            stream = self.hub.join(UUID(bytes=who["session"]), _units(who), cookie)
        except ConnectionError:
            await _say(send, 503, self._shared())
            return
        except (
            PermissionError
        ):  # another workstation's, or a clock that is off: the page asks the web server, which says so
            await _say(send, 428, self._shared())
            return
        except Locked:
            await _say(send, 423, self._shared())
            return
        except Full:
            await _say(send, 429, self._shared())
            return
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await _begin(send, 200, self._shared() | {"content-type": "text/event-stream; charset=utf-8"})
            event = "beat"
            while event != CLOSE and not gone.done():
                name, _, data = event.partition(" ")
                piece = f"event: {name}\ndata: {data}\n\n".encode()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                event = CLOSE if event == DIE else await _next(stream.told, gone)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.hub.leave(stream)

    async def _alive(self, cookie: str) -> frozenset[UUID] | None:
        who = await self._who(cookie)
        return None if who is None else _units(who)

    async def _who(self, cookie: str, proof: str | None = None) -> dict[str, Any] | None:
        """The session's actor, None when it is over; ConnectionError when the keeper does not answer.

        `proof`: the workstation's, when a page comes (PermissionError without a good one); None to ask again later.
        """
        ask = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._keeper.call("who", cookie=cookie, proof=proof)
        )
        try:
            return dict((await ask)["actor"])
        except Refused as refusal:
            if refusal.code in OVER:
                return None
            if refusal.code == "session_locked":
                raise Locked from refusal
            if refusal.code.startswith("proof_"):
                raise PermissionError from refusal
            raise ConnectionError from refusal
        except KeeperDown as down:
            raise ConnectionError from down


def _units(who: dict[str, Any]) -> frozenset[UUID]:
    return frozenset(UUID(bytes=unit) for unit in who["units"])


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None and len(found.value) <= LONGEST_COOKIE else ""


async def _next(told: "asyncio.Queue[str]", gone: "asyncio.Future[None]") -> str:
    """The next event, a beat when there is none, the end when the page has gone."""
    event = asyncio.ensure_future(told.get())
    waited: set[asyncio.Future[Any]] = {event, gone}
    done, _ = await asyncio.wait(waited, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if event in done:
        return event.result()
    event.cancel()
    return CLOSE if gone in done else "beat"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _begin(send: Send, status: int, headers: Headers) -> None:
    kept = {"cache-control": "no-store", "x-content-type-options": "nosniff", **headers}
    pairs = [(name.encode(), value.encode()) for name, value in kept.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def _say(send: Send, status: int, headers: Headers) -> None:
    await _begin(send, status, headers | {"content-length": "0"})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def from_environment() -> Channel:
    """The application of this process: EGIDE_HOME, EGIDE_ORIGIN."""
    port = os.environ.get("EGIDE_PORT", "8400")
    return Channel(Home.from_environment(), os.environ.get("EGIDE_ORIGIN", f"http://localhost:{port}").rstrip("/"))
