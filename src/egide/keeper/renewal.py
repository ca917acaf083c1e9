"""`python -m egide.keeper.renewal --home H --key NAME`: brings over what a key's former versions made, to the newest.

A program of the keeper's own user, beside the door and politer than it. Each kind of key has its sweep; a killed run is
ended by the next, since what is left to do is read from the base. Standard output tells progress, one JSON object a
line: numbers and names of columns, never a value.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

from egide.keeper import blinding, enrolled, server
from egide.keeper.blinding import Reblinding, Retokening
from egide.keeper.client import Keeper, KeeperDown
from egide.keeper.enrolled import Remarking
from egide.keeper.handover import HandingOver
from egide.keeper.masters import CATEGORIES, SIGNING, SOURCE, Masters
from egide.keeper.resealing import Resealing
from egide.keeper.sessions import SESSION, Lasting, connect
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home

# Keys whose former version made something that lies in the base: swept by this program, retired when nothing is left.
SWEPT: Final = (*CATEGORIES, "trail", enrolled.NAME, SIGNING, blinding.TOKEN, SOURCE, SESSION)
POLITENESS: Final = 10
SETTLED: Final = 5.0  # seconds after a version's birth


class Sweep(Protocol):
    """One run over one key."""

    unreadable: dict[str, int]

    def left(self) -> int:
        """How many things of the base still lie under a former version; at none it may be retired."""

    def run(self) -> Iterator[int]:
        """Yields how many each slice brought over; `unreadable` counts, by place, what it left as it was."""


def needed(name: str) -> tuple[str, ...]:
    """The keys that its sweep works with."""
    return (name, *blinding.SEALED) if name == blinding.TOKEN else (name,)


def sweep(conn: Any, name: str, keys: Masters, home: Home) -> Sweep:
    """The sweep of this key."""
    if name == SIGNING:
        return HandingOver(home.keeper_trail, keys)
    if name == SESSION:
        return Lasting(conn, keys)
    if name == blinding.TOKEN:
        return Retokening(conn, keys)
    if name == SOURCE:
        return Reblinding(conn, keys)
    if name == enrolled.NAME:
        return Remarking(conn, keys)
    return Resealing(conn, name, keys.keys[name])


def main() -> int:
    """Exit code 0: nothing is left, but what the last line says unreadable.

    4: the keeper is away or locked; 5: the base went away; 6: its disk is full.
    """
    parser = argparse.ArgumentParser(prog="egide.keeper.renewal")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--key", required=True)
    arguments = parser.parse_args()
    home = Home(arguments.home.absolute())
    server.harden()
    os.nice(POLITENESS)
    door = Keeper(home.keeper_socket("trail"))
    try:
        keys = Masters.handed(door.call("masters", names=list(needed(arguments.key))))
    except (KeeperDown, Refused):
        return 4
    finally:
        door.close()
    if arguments.key == blinding.TOKEN:  # a page that made tokens under the former version has written what they are of
        time.sleep(max(0.0, SETTLED - keys.ages[arguments.key]))
    try:
        _swept(home, arguments.key, keys)
    except psycopg.Error as error:  # its message may quote a value
        return 6 if error.sqlstate == "53100" else 5
    return 0


def _swept(home: Home, name: str, keys: Masters) -> None:
    with connect(home) as conn:
        work = sweep(conn, name, keys, home)
        _tell(total=work.left())
        done = 0
        for count in work.run():
            done += count
            _tell(done=done)
        _tell(done=done, left=work.left(), unreadable=work.unreadable)


def _tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    sys.exit(main())
