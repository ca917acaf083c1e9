"""What answers before the keys are there, and the swap of what answers when they change."""

from typing import Any, Protocol

from egide.keeper.sessions import answered


class Answering(Protocol):
    """The verbs of one program."""

    def answer(self, socket_kind: str, conn: Any, request: dict[str, Any]) -> dict[str, Any]:
        """What to send back."""


class Unlocking(Protocol):
    """Who takes the keys with a passphrase."""

    def unlock(self, phrase: str) -> None:
        """Raises No."""


class Locked:
    """Until the operator's passphrase is given: nothing opens, and everybody is told why."""

    def __init__(self, custody: Unlocking) -> None:
        self._custody = custody

    def answer(self, socket_kind: str, conn: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """`unlock` on the operator's socket, `health` on any; all else is refused as locked."""
        verb = request.get("verb")
        if verb == "unlock" and socket_kind == "ops":
            return answered(verb, lambda: self._unlocked(str(request.get("passphrase", ""))))
        if verb == "health":
            return {"locked": True}
        return {"refused": "locked"}

    def _unlocked(self, phrase: str) -> dict[str, Any]:
        self._custody.unlock(phrase)
        return {}


class Waiting:
    """The finder's, until the door has its keys."""

    def answer(self, socket_kind: str, conn: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """`health` only."""
        return {"locked": True} if request.get("verb") == "health" else {"refused": "locked"}


class Switch:
    """Hands each request to whoever answers now."""

    def __init__(self, first: Answering) -> None:
        self._now = first

    def to(self, following: Answering) -> None:
        """From the next request on."""
        self._now = following

    def answer(self, socket_kind: str, conn: Any, request: dict[str, Any]) -> dict[str, Any]:
        """Of whoever answers now."""
        return self._now.answer(socket_kind, conn, request)
