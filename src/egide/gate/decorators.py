"""What every view carries, exactly one of: @opens_chart, @opens_roster, @no_patient_data (accounts)."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from egide.accounts.session import View, answered, cookie_of, who
from egide.gate import opening
from egide.gate.doors import closed_chart
from egide.kernel.capabilities import Chart, Refused, Roster
from egide.ui.rendering import wants_panel

P = ParamSpec("P")


def opens_chart(
    read: tuple[str, ...], write: tuple[str, ...] = (), purpose: str = "care"
) -> Callable[[Callable[Concatenate[HttpRequest, Chart, P], HttpResponse]], View]:
    """The view opens one person: the URL carries `patient`, the view receives a Chart in its place."""

    def decorate(view: Callable[Concatenate[HttpRequest, Chart, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, patient: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                try:
                    chart = opening.open_chart(cookie_of(request), patient, purpose, read, write, same_origin(request))
                except Refused as refusal:
                    if refusal.code != "no_link" or request.method != "GET" or wants_panel(request):
                        raise
                    request.actor, ticket = who(cookie_of(request))  # type: ignore[attr-defined]
                    return closed_chart(request, patient, request.actor, ticket)  # type: ignore[attr-defined]
                request.actor = chart.actor  # type: ignore[attr-defined]
                return view(request, chart, *args, **kwargs)

            return answered(request, run)

        opened.gate = ("chart", read, write, purpose)  # type: ignore[attr-defined]
        return opened

    return decorate


def opens_roster(
    list_name: str, read: tuple[str, ...], write: tuple[str, ...] = (), purpose: str = "unit_list"
) -> Callable[[Callable[Concatenate[HttpRequest, Roster, P], HttpResponse]], View]:
    """The view opens a bounded list; in the slice, the present patients of a unit: the URL carries `unit`."""
    if list_name != "unit":
        raise ValueError(f"no list is called {list_name}")

    def decorate(view: Callable[Concatenate[HttpRequest, Roster, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, unit: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                roster = opening.open_unit(cookie_of(request), unit, purpose, read, write, same_origin(request))
                request.actor = roster.actor  # type: ignore[attr-defined]
                return view(request, roster, *args, **kwargs)

            return answered(request, run)

        opened.gate = ("roster", read, write, list_name if purpose == "unit_list" else f"{list_name}, {purpose}")  # type: ignore[attr-defined]
        return opened

    return decorate


def same_origin(request: HttpRequest) -> bool:
    """Only what our own page asked counts as a denial: a pasted link or a hostile page freezes nobody (attack 25)."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"
