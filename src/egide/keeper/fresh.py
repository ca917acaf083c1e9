"""A fresh factor: one's own key, user verified, over an act of its own; asked where a count passed its ceiling."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from egide.keeper.acts import ACT_SECONDS, Acts
from egide.keeper.signatures import Signatures, written
from egide.keeper.signin import BadAssertion

KIND = "fresh_factor"


class Fresh:
    """Asks for a proof that it is still the same person, and checks it; the proof stands in the trail."""

    def __init__(self, signatures: Signatures, acts: Acts) -> None:
        self._signatures = signatures
        self._acts = acts

    def begin(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        """The act, and what the key has to sign."""
        return self._signatures.propose(conn, session, account, written(KIND, {"session": str(session)}), ACT_SECONDS)

    def finish(self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any]) -> None:
        """Raises BadAssertion, once written: somebody else's key, another session's act, a false answer."""
        self._acts.yes(conn, session, account, act, KIND, response)
        code = conn.execute("SELECT gate.fresh_done(%s, %s) AS code", (act, session)).fetchone()["code"]
        if code != "ok":
            raise BadAssertion(code)
