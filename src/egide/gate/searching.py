"""Searching for a person: what the keeper lets be shown, already charged and written in the trail. No key, no ticket:
a row is text; opening it is another decision."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from egide.accounts.session import View, answered, cookie_of, keeper, who
from egide.gate.act_as import act_as
from egide.gate.acting import clean_transaction, next_number
from egide.gate.opening import chart_from
from egide.keeper.client import Keeper, KeeperDown
from egide.kernel.capabilities import Actor, Chart, Refused
from egide.kernel.codes import Category

P = ParamSpec("P")


@functools.cache
def finder() -> Keeper:
    """This process's line to the finder, the keeper's other program."""
    return Keeper(settings.FINDER_SOCKET)


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One person as a search shows her. `confirmed`: only what was typed stands here, other names begin and end in •.

    `agrees` names the traits that are exactly what was typed; `phone` and `ins` come masked from the keeper.
    """

    id: UUID
    linked: bool
    confirmed: bool
    birth_name: str
    first_name: str
    used_name: str | None
    used_first_name: str | None
    former_name: str | None
    first_names: str | None
    sex: str
    birth_date: date | None
    birth_place: str | None
    ipp: str | None
    status: str | None
    deceased: str | None
    phone: str | None
    ins: str | None
    agrees: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows to show, and how many more: `full` sure ones (shown or not), `near` ones, `masked` ones (no whole date).

    `code`: ok, one_more, one_trait, budget_<clock>, search_closed, search_pace_<clock>, search_group_<clock>,
    incomplete, no_such_day, both_names, bad_request, finder_down (the rest of the house goes on).
    """

    code: str
    rows: tuple[FoundRow, ...] = ()
    full: int = 0
    near: int = 0
    masked: int = 0
    door: str = ""


@dataclass(frozen=True, slots=True)
class PresentRow:
    """Somebody who lies on the site: the name asked for, first name, age in years, unit, room. Opens nothing."""

    name: str
    first_name: str
    age: int | None
    unit: UUID
    room: str | None


@dataclass(frozen=True, slots=True)
class Present:
    """Three rows at most; `matched` who answer. `code`: ok, one_more (more than three answer: none is shown),
    present_<clock> (the day's answers are spent), search_closed, search_pace_<clock>, four_letters, finder_down."""

    code: str
    rows: tuple[PresentRow, ...] = ()
    matched: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Who searches. Made by `@searches` only."""

    actor: Actor
    cookie: str = field(repr=False)
    ticket: str = field(repr=False)

    def find(self, typed: dict[str, str], unmask: bool = False, group: bool = False) -> Found:
        """One search: name, first_name, birth_date ("1952-03-12", `??` unknown), ins, ipp, place;
        or phone, answered from the agenda of my team only.

        Among those whom my legal entity knows; with `group`, in the whole group, at a pace of its own.

        Raises Refused when the session is over; every other refusal is a code, without rows.
        """
        try:
            answer = finder().call(
                "search", cookie=self.cookie, typed=typed, unmask=unmask, domain="group" if group else "entity"
            )
        except KeeperDown:
            return Found("finder_down")
        except Refused as refusal:
            if not refusal.code.startswith("search_"):
                raise
            return Found(refusal.code.removeprefix("search_"))
        return Found(answer["code"], tuple(map(_row, answer["rows"])), answer["full"], answer["near"], answer["masked"],
                     answer["door"])  # fmt: skip

    def present(self, name: str, first_name: str) -> Present:
        """Who lies on my site and answers to this name. Raises Refused when the session is over."""
        try:
            answer = finder().call("present", cookie=self.cookie, typed={"name": name, "first_name": first_name})
        except KeeperDown:
            return Present("finder_down")
        except Refused as refusal:
            if not refusal.code.startswith("search_"):
                raise
            return Present(refusal.code.removeprefix("search_"))
        rows = tuple(
            PresentRow(one["name"], one["first_name"], one["age"], UUID(bytes=one["unit"]), one["room"])
            for one in answer["rows"]
        )
        return Present(answer["code"], rows, answer["full"])

    def create(self, traits: dict[str, list[str]]) -> Chart:
        """One person who is not known here, opened to be written; `traits` is what she will be found by.

        Refuses `category_closed`, `search_first` (this session has not searched for ten minutes), `arrival_pace`.
        """
        everything = [Category.IDENTITY, Category.CONTACT, Category.INS, Category.STAY]
        answer = keeper().call("create", cookie=self.cookie, traits=traits, read=everything, write=everything)
        return chart_from(answer)

    def next_ipp(self) -> str:
        """A number for a person about to be created."""
        with clean_transaction(self.ticket):
            return next_number("ipp")


def receive(request: HttpRequest, patient: UUID) -> None:
    """« Accueillir » somebody whom the search showed: her identity and stay are the actor's to write for a day."""
    act_as(request, "SELECT door.receive(%s)", patient)


def searches(view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponse]) -> View:
    """The view searches for persons: it receives a Desk. What it may show is decided at each search."""

    @functools.wraps(view)
    def searching(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        def run() -> HttpResponse:
            request.actor, ticket = who(cookie_of(request))  # type: ignore[attr-defined]
            desk = Desk(request.actor, cookie_of(request), ticket)  # type: ignore[attr-defined]
            return view(request, desk, *args, **kwargs)

        return answered(request, run)

    searching.gate = ("search", ("identity",), (), "search")  # type: ignore[attr-defined]
    return searching


def _row(fields: dict[str, Any]) -> FoundRow:
    birth_name, first_name = fields.get("birth_name"), fields.get("first_name")
    used_name, used_first = fields.get("used_name"), fields.get("used_first_name")
    return FoundRow(
        id=UUID(bytes=fields["id"]),
        linked=bool(fields["linked"]),
        confirmed=bool(fields["confirmed"]),
        birth_name=birth_name or "SANSNOM",
        first_name=first_name or "SANSPRENOM",
        used_name=used_name if used_name != birth_name else None,
        used_first_name=used_first if used_first != first_name else None,
        former_name=fields.get("former_name"),
        first_names=fields.get("first_names"),
        sex=fields.get("sex") or "I",
        birth_date=_day(fields.get("birth_date")),
        birth_place=(fields.get("birth_place") or "").partition("|")[2] or None,
        ipp=fields.get("ipp"),
        status=fields.get("status"),
        deceased=fields.get("deceased"),
        phone=fields.get("phone"),
        ins=fields.get("ins"),
        agrees=frozenset(fields.get("agrees", ())),
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
