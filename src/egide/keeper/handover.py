"""The renewal of the signing key: the trail's next checkpoint hands over to it, signed by both (see `sequencer`)."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from egide.keeper.masters import Masters
from egide.kernel.checkpoint import NoteError, VerifyKey, open_note, split_log

_LOOKS, _PAUSE = 150, 0.2  # the sequencer signs at its next look, five a second
_TAIL: Final = 8192  # bytes of the log's end: the last note is some three hundred


class HandingOver:
    """Waits for the handover and looks whether it stands. Nothing else lies under a former version."""

    def __init__(self, trail: Path, keys: Masters) -> None:
        self._log = trail / "checkpoints.log"
        self._newest = VerifyKey(f"egide/{keys.base_id}", keys.signers[-1].public_key())
        self.unreadable: dict[str, int] = {}

    def left(self) -> int:
        """1 while the last checkpoint is a former key's."""
        with suppress(OSError, IndexError, NoteError), self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            open_note(split_log(file.read().decode(errors="replace"))[-1], self._newest)
            return 0
        return 1

    def run(self) -> Iterator[int]:
        """Yields 1 when the sequencer has handed over; nothing when it signs no more (see its alarms)."""
        for _ in range(_LOOKS):
            if not self.left():
                yield 1
                return
            time.sleep(_PAUSE)
