"""Application accounts: a program acts for one site, under a manifest (the hash of what it reads), never for itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from egide.accounts.session import keeper
from egide.gate.opening import batch_from
from egide.kernel.capabilities import Batch
from egide.kernel.codes import Category

EVERYTHING = (Category.IDENTITY, Category.CONTACT, Category.INS, Category.STAY, Category.CLINICAL)
WRITTEN = (*EVERYTHING, Category.PROTECTED)
"""A program brings what its source restricts, and reads none of it back."""
SLICE = 200


@dataclass(frozen=True, slots=True)
class Application:
    """A signed-in program. The cookie lives in this process only."""

    cookie: str
    purpose: str

    def open_new(
        self, subjects: list[list[tuple[str, str]]], traits: Sequence[dict[str, list[str]]] | None = None
    ) -> Batch:
        """At most 200 subjects, each with its foreign ids (system, id); a known one comes back with its id (`known`).

        `traits`, one a subject: what she will be found by (`kernel.tokens.found_by`).
        """
        answer = keeper().call(
            "open_new",
            cookie=self.cookie,
            subjects=[
                {"src": [list(pair) for pair in pairs], "traits": found_by}
                for pairs, found_by in zip(subjects, traits or [{}] * len(subjects), strict=True)
            ],
            purpose=self.purpose,
            read=list(EVERYTHING),
            write=list(WRITTEN),
        )
        return batch_from(answer)

    def end(self) -> None:
        """Sign out."""
        keeper().call("revoke", cookie=self.cookie)


def sign_in(site_id: UUID, manifest: str, purpose: str) -> Application:
    """`purpose`: import or demo. The keeper admits this by the process's own socket and user, no secret is passed."""
    answer = keeper().call("sign_in", step="application", site=site_id.bytes, manifest=manifest, purpose=purpose)
    return Application(answer["cookie"], purpose)
