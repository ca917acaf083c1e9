"""Capabilities are made here, from what the keeper answers, and nowhere else."""

from datetime import datetime
from typing import Any
from uuid import UUID

from egide.accounts.session import actor_from, keeper
from egide.kernel.capabilities import Actor, Batch, Chart, Keys, Roster


def chart_from(answer: dict[str, Any]) -> Chart:
    """One person's capability."""
    return Chart(**_common(answer))


def roster_from(answer: dict[str, Any], list_id: UUID | None) -> Roster:
    """A list's capability; `truncated` when more than 200 persons were there."""
    return Roster(**_common(answer), list_id=list_id, truncated=bool(answer["truncated"]))


def batch_from(answer: dict[str, Any]) -> Batch:
    """A job's slice; `known[i]` tells that subject i was here before."""
    return Batch(**_common(answer), known=tuple(answer["known"] or ()))


def open_chart(
    cookie: str, patient_id: UUID, purpose: str, read: tuple[str, ...], write: tuple[str, ...], counted: bool
) -> Chart:
    """Open one person for this session; Refused with the gate's reason otherwise."""
    answer = keeper().call(
        "open",
        cookie=cookie,
        ids=[patient_id.bytes],
        purpose=purpose,
        read=list(read),
        write=list(write),
        counted=counted,
    )
    return chart_from(answer)


def open_unit(
    cookie: str, unit_id: UUID, purpose: str, read: tuple[str, ...], write: tuple[str, ...], counted: bool
) -> Roster:
    """Open the present patients of a unit of mine."""
    answer = keeper().call(
        "open",
        cookie=cookie,
        list="unit",
        list_id=unit_id.bytes,
        purpose=purpose,
        read=list(read),
        write=list(write),
        counted=counted,
    )
    return roster_from(answer, unit_id)


def open_people(cookie: str, ids: list[UUID], purpose: str, read: tuple[str, ...]) -> Roster:
    """Open several persons (at most 200) for whom this session shares a basis, for reading."""
    answer = keeper().call(
        "open", cookie=cookie, ids=[one.bytes for one in ids], purpose=purpose, read=list(read), write=[], counted=False
    )
    return roster_from(answer, None)


def nobody(actor: Actor, ticket: str) -> Roster:
    """A roster of nobody, with the ticket of `who`: what concerns the actor alone can still be read."""
    return Roster(
        actor=actor, opening=0, ids=(), reads=frozenset(), writes=frozenset(), basis="", until=datetime.max,  # noqa: DTZ901
        ticket=ticket, keys={},
    )  # fmt: skip


def _common(answer: dict[str, Any]) -> dict[str, Any]:
    keys: Keys = {(UUID(bytes=i), category): versions for i, category, versions in answer["keys"]}
    return {
        "actor": actor_from(answer["actor"]),
        "opening": answer["opening"],
        "ids": tuple(UUID(bytes=i) for i in answer["ids"]),
        "reads": frozenset(answer["reads"]),
        "writes": frozenset(answer["writes"]),
        "basis": answer["basis"],
        "until": datetime.fromisoformat(answer["until"]),
        "ticket": answer["ticket"],
        "keys": keys,
    }
