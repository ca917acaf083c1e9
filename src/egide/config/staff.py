"""The staff: who works here, one person whole, what she may open and why, and each act over her, asked for here."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from egide.accounts.rules import ACTS as RULES
from egide.accounts.session import actor_of, no_patient_data
from egide.config.approvals import asked
from egide.config.staff_forms import ACTS, DUTIES, STATES, NewPerson, StaffFilter, Where, plain, professions
from egide.directory.reads import unit_name, units
from egide.gate import staff
from egide.gate.reading import fetch_with
from egide.gate.rules import grid
from egide.kernel.capabilities import Refused
from egide.ui import page

# What a person's page offers, in this order; SQL decides again when it is asked for.
OFFERED = ("cle", "cle-perdue", "profession", "responsabilite", "suspendre", "retablir", "annuler", "depart")


@require_GET
@no_patient_data()
def people(request: HttpRequest) -> HttpResponse:
    """The staff by filters, fifty a page."""
    form = StaffFilter(request.GET)
    typed: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    number = typed.get("page") or 1
    filters = staff.Filters(
        typed.get("q", ""), typed.get("profession") or None, typed.get("site"), typed.get("unit"),
        typed.get("state") or None, number - 1,
    )  # fmt: skip
    found = staff.staff(request, filters)
    where = where_of(request, mine=False)
    kept = {name: str(value) for name, value in typed.items() if value and name != "page"}
    return page(
        request,
        "accounts/staff.html",
        status=200 if form.is_valid() else 422,
        form=form,
        members=[(one, _places(one.units)) for one in found.members],
        total=found.total,
        number=number,
        more=number * staff.PAGE < found.total,
        kept=kept,
        professions=professions(),
        sites=where.sites,
        units=where.units,
        states=STATES.items(),
        duties=DUTIES,
        may_create=asks(request, "create_person"),
    )


@require_http_methods(["GET", "POST"])
@no_patient_data()
def new(request: HttpRequest) -> HttpResponse:
    """Somebody who begins here: typed, written down as an act, then signed twice."""
    if request.method == "GET" and not asks(request, "create_person"):
        raise Refused("category_closed")  # who posts is refused by the keeper, which writes it down
    form = NewPerson(request.POST or None, where=where_of(request, mine=request.method == "GET"))
    if request.method == "POST" and form.is_valid():
        answer = asked(request, form, form.body())
        if answer is not None:
            return answer
    return page(
        request,
        "accounts/new_person.html",
        status=422 if request.method == "POST" else 200,
        form=form,
    )


@require_GET
@no_patient_data()
def person(request: HttpRequest, account: UUID) -> HttpResponse:
    """One person whole, and what was done to her account."""
    found = staff.person(request, account)
    now = timezone.now()
    return page(
        request,
        "accounts/person.html",
        person=found,
        now=now,
        state=found.state(now),
        states=STATES,
        duties=DUTIES,
        names={one.id: one.name for one in units().values()},
        sites={one.site_id: one.site for one in units().values()},
        site=_site(found.site),
        history=[(one, unit_name(one.unit)) for one in staff.history(request, account)],
        offered=[word for word in OFFERED if _offers(request, word, found)],
        may_end=asks(request, "end_membership") and found.ended_at is None,
        may_see_rights=asks(request, "call_off"),
        done=request.GET.get("fait"),
    )


@require_GET
@no_patient_data()
def rights(request: HttpRequest, account: UUID) -> HttpResponse:
    """What one person may open and why: the lines of the grid that follow from her professions, and numbers."""
    found = staff.person(request, account)
    now = timezone.now()
    counts = staff.link_counts(request, account)
    held = sorted({one.profession for one in found.current(now)})
    return page(
        request,
        "accounts/rights.html",
        person=found,
        current=[(one, unit_name(one.unit)) for one in found.current(now)],
        duties=[(one, unit_name(one.unit)) for one in found.duties if one.until is None or one.until > now],
        duty_words=DUTIES,
        grid=_grid(held),
        counts=[(one, unit_name(one.unit)) for one in counts],
    )


@require_http_methods(["GET", "POST"])
@no_patient_data()
def act(request: HttpRequest, account: UUID, word: str) -> HttpResponse:
    """One act over one person: its form; once typed, it is written down and its page asks for the key."""
    found = staff.person(request, account)
    kind = ACTS.get(word)
    if kind is None:
        raise Refused("bad_request")
    typed = request.POST if request.method == "POST" else None
    form = kind(typed, initial=_initial(request, found), where=where_of(request, mine=request.method == "GET"))
    if request.method == "POST" and form.is_valid():
        answer = asked(request, form, form.body(account))
        if answer is not None:
            return answer
    return page(
        request,
        "accounts/person_act.html",
        status=422 if request.method == "POST" else 200,
        form=form,
        word=word,
        kind=kind.kind,
        person=found,
        alone=_yeses(kind.kind) == 1,
    )


def _initial(request: HttpRequest, found: staff.Person) -> dict[str, str]:
    """What a link of the person's page already says: which line is to end; a first key for who has none."""
    first = not found.keys
    return {
        "membership": request.GET.get("ligne", "")[:18],
        "duty": request.GET.get("ligne", "")[:36],
        "why": "first" if first else "lost",
    }


def asks(request: HttpRequest, kind: str, roles: tuple[str, ...] = ()) -> bool:
    """Whether the rule lets somebody of this profession, or with these roles, ask for an act."""
    actor = actor_of(request)
    mine = {*roles, actor.profession} if actor else set()
    return any(one.kind == kind and mine & set(one.asks) for one in RULES)


def _offers(request: HttpRequest, word: str, found: staff.Person) -> bool:
    now = timezone.now()
    if found.ended_at is not None or "self" in found.roles:
        return False
    if (word == "suspendre" and found.suspended_at) or (word == "retablir" and not found.suspended_at):
        return False
    if (word == "cle-perdue" and not found.living_keys(now)) or (word == "annuler" and not found.later(now)):
        return False
    return asks(request, ACTS[word].kind, tuple(found.roles))


def _yeses(kind: str) -> int:
    return next(one.yeses for one in RULES if one.kind == kind)


def where_of(request: HttpRequest, mine: bool = True) -> Where:
    """Units, named with their site, and sites that have one: those of an administrator's office (`mine`), or all.

    What is sent is held against all of them: that an act is of another's site, the base says and writes.
    """
    (sites,) = fetch_with(request.own_ticket, staff.my_sites()) if mine else (None,)  # type: ignore[attr-defined]
    known = [one for one in units().values() if sites is None or one.site_id in sites]
    return Where(
        sorted(((str(one.id), f"{one.site} · {one.name}") for one in known), key=lambda pair: plain(pair[1])),
        sorted({(str(one.site_id), one.site) for one in known}, key=lambda pair: plain(pair[1])),
    )


def _places(found: list[UUID]) -> list[str]:
    return sorted(name for name in map(unit_name, found) if name)


def _site(site: UUID) -> str:
    return next((one.site for one in units().values() if one.site_id == site), "")


def _grid(held: list[str]) -> list[tuple[str, str, list[str], list[str], str]]:
    """Profession, basis, categories read, categories written, and the reason; bases that open nothing stay out."""
    lines: dict[tuple[str, str], tuple[list[str], list[str], list[str]]] = {}
    for rule in grid():
        if rule.profession in held and rule.allowed:
            reads, writes, why = lines.setdefault((rule.profession, rule.basis), ([], [], []))
            (reads if rule.act == "read" else writes).append(rule.category)
            why.append(rule.reason)
    return [(profession, basis, reads, writes, why[0]) for (profession, basis), (reads, writes, why) in lines.items()]
