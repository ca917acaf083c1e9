"""The one connection to PostgreSQL: role `live`, which may LISTEN and read no table."""

import asyncio
import contextlib
import logging

import psycopg
from psycopg.conninfo import make_conninfo

from egide.kernel.home import Home
from egide.live.hub import Hub

CHANNEL = "egide_live"
AGAIN_SECONDS = 0.5
LOOK_SECONDS = 30  # what ends by the clock notifies nobody: every session that listens is asked about
log = logging.getLogger("egide.live")


async def listen(home: Home, hub: Hub) -> None:
    """Hear for ever; while PostgreSQL is away the hub is closed."""
    conninfo = make_conninfo("", **{"connect_timeout": "5"} | home.connection("live"), application_name="egide-live")
    while True:
        with contextlib.suppress(psycopg.Error):
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                hub.open = True
                log.info("listening")
                async for told in connection.notifies():
                    await hub.hear(told.payload)
        hub.deaf()
        await asyncio.sleep(AGAIN_SECONDS)


async def look_around(hub: Hub) -> None:
    """Ask about every session that listens, one after the other, for ever."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for session in hub.sessions():
            await hub.look(session)
