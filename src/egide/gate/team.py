"""Shifts, notices and the named team: pages of a person's own, and one act on a chart."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data
from egide.gate.act_as import act_as
from egide.gate.acting import call_door
from egide.gate.decorators import opens_chart
from egide.gate.reading import Read, Rows, fetch_with
from egide.gate.staff import my_account_notices
from egide.kernel.capabilities import Actor, Chart, Refused
from egide.ui import page


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, without any trait."""

    id: int
    kind: str
    entry: int
    patient_id: UUID | None
    by_account: UUID
    by_name: str
    by_profession: str
    at: datetime
    read: bool
    reviewed: str | None


@dataclass(frozen=True, slots=True)
class OnShift:
    """Somebody who declared a shift in a unit."""

    account: UUID
    name: str
    profession: str
    since: datetime
    until: datetime
    unit: str


def my_notices() -> Read[list[Notice]]:
    """My notices, unread first; with the ticket of `who`."""

    def decode(rows: Rows) -> list[Notice]:
        return [
            Notice(number, kind, entry, patient_id, by_account, name, profession, at, read_at is not None, reviewed)
            for number, kind, entry, patient_id, by_account, name, profession, at, read_at, reviewed in rows
        ]

    return Read(
        "SELECT id, kind, entry, patient_id, by_account, by_name, by_profession, at, read_at, reviewed"
        " FROM door.my_notices()",
        (),
        decode,
    )


def shifts_of(unit_id: UUID, unit: str) -> Read[list[OnShift]]:
    """Who declared a shift in a unit of mine."""

    def decode(rows: Rows) -> list[OnShift]:
        return [
            OnShift(account, name, profession, since, until, unit) for account, name, profession, since, until in rows
        ]

    return Read("SELECT account, name, profession, since, until FROM door.shifts_of(%s)", (unit_id,), decode)


def _actor(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if actor is None:
        raise Refused("session_ended")
    return actor


@require_POST
@no_patient_data()
def declare(request: HttpRequest) -> HttpResponse:
    """Take my shift in a unit of my site."""
    act_as(request, "SELECT door.declare_shift(%s)", _unit(request))
    return HttpResponseRedirect(reverse("unit", kwargs={"unit": _unit(request)}))


@require_POST
@no_patient_data()
def end(request: HttpRequest) -> HttpResponse:
    """Leave it before its twelve hours."""
    act_as(request, "SELECT door.end_shift(%s)", _unit(request))
    return HttpResponseRedirect(reverse("shift") + "?fait=poste_quitte")


@require_GET
@no_patient_data()
def notices(request: HttpRequest) -> HttpResponse:
    """What is addressed to me."""
    return _notices_page(request, {})


@require_POST
@no_patient_data()
def read_notice(request: HttpRequest, notice: int) -> HttpResponse:
    """Mark one of my notices as read."""
    act_as(request, "SELECT door.read_notice(%s)", _bigint(notice))
    return HttpResponseRedirect(reverse("notices"))


@require_POST
@no_patient_data()
def words(request: HttpRequest, entry: int) -> HttpResponse:
    """The words of one break-glass: the keeper opens them to who was told of it, and that is a row."""
    answer = keeper().call("words", cookie=cookie_of(request), entry=_bigint(entry))
    return _notices_page(request, {entry: answer["words"]})


@require_POST
@no_patient_data()
def review(request: HttpRequest, entry: int) -> HttpResponse:
    """Conclude on one break-glass."""
    verdict = request.POST.get("verdict", "")
    if verdict not in {"accepted", "questioned"}:
        raise Refused("bad_request")
    act_as(request, "SELECT door.review(%s, %s)", _bigint(entry), verdict)
    return HttpResponseRedirect(reverse("notices") + "?fait=relu")


@require_POST
@opens_chart(read=("identity", "stay"), write=("clinical",))
def take_in(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Take a colleague into the named team of this patient."""
    call_door(chart, "SELECT door.take_in(%s, %s)", chart.patient_id, _uuid(request.POST.get("account", "")))
    return HttpResponseRedirect(reverse("notices") + "?fait=equipe")


def _notices_page(request: HttpRequest, said: dict[int, str]) -> HttpResponse:
    found, accounts = fetch_with(request.own_ticket, my_notices(), my_account_notices())  # type: ignore[attr-defined]
    return page(
        request, "gate/notices.html", notices=found, accounts=accounts, words=said, done=request.GET.get("fait")
    )


def _bigint(number: int) -> int:
    """A number of an address as the base's bigint; an address holds any number of digits."""
    if number >= 1 << 63:
        raise Refused("bad_request")
    return number


def _unit(request: HttpRequest) -> UUID:
    return _uuid(request.POST.get("unit", ""))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused("bad_request") from None


def unit_change(unit: UUID) -> Read[str]:
    """A word that changes when somebody enters a unit of mine or leaves it; nothing of whom. Empty for another unit."""
    return Read("SELECT door.unit_change(%s)", (unit,), lambda rows: str(rows[0][0] or ""))
