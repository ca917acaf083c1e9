"""A renewal in the test's own process: the program's work, a slice at a time where a test wants it."""

from typing import Any

from egide.gate.tests.factories import Hospital
from egide.keeper import renewal
from egide.keeper.client import Keeper
from egide.keeper.masters import Masters


class Swept:
    """One a test; `conn` is the keeper's line."""

    def __init__(self, hospital: Hospital, conn: Any) -> None:
        self._hospital, self._conn = hospital, conn

    def keys(self, *names: str) -> Masters:
        """Every live version, as the door hands it to another program of the keeper's user."""
        door = Keeper(self._hospital.home.keeper_socket("trail"))
        try:
            return Masters.handed(door.call("masters", names=list(names)))
        finally:
            door.close()

    def begun(self, name: str) -> renewal.Sweep:
        """A new version, and the sweep that brings the rest over."""
        self._hospital.ops.call("rotate", key=name)
        return renewal.sweep(self._conn, name, self.keys(*renewal.needed(name)), self._hospital.home)

    def retire(self, name: str) -> int:
        """The former version; the one that stays."""
        former, live = sorted(self.keys(name).keys[name])
        self._hospital.ops.call("retire", key=name, version=former)
        return live
