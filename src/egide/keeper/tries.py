"""Keys that were refused, counted by account and device, never by address. A valid key is never stopped."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final
from uuid import UUID

TRIES: Final = 12
WINDOW: Final = 900.0  # seconds
MANY: Final = 10_000  # pairs remembered before all are let go


class Tries:
    """What an account's refused keys are answered past `TRIES` in a quarter of an hour on one device: wait.

    Strangers' devices, that bear no mark, are one: whoever floods an account from them is answered so, and its owner,
    on a device of hers, is not. Nothing is locked: the next valid key signs in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[UUID, bytes], deque[float]] = {}

    def refused(self, account: UUID | None, device: bytes) -> bool:
        """Counts one; whether it is past the limit. A key of nobody's is nobody's try."""
        if account is None:
            return False
        if len(self._seen) > MANY:
            self._seen.clear()
        times = self._seen.setdefault((account, device), deque(maxlen=TRIES + 1))
        now = self._clock()
        times.append(now)
        return len(times) > TRIES and now - times[0] < WINDOW
