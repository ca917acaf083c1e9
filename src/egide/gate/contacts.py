"""Contacts of one person: masked for a page by the keeper's finder; one shown on purpose, by an opening of its own."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from egide.accounts.session import View, answered, cookie_of, keeper
from egide.gate.decorators import same_origin
from egide.gate.opening import chart_from
from egide.gate.searching import finder
from egide.kernel.capabilities import Chart, Refused

P = ParamSpec("P")
KINDS = ("phone", "email", "address", "ins")


@dataclass(frozen=True, slots=True)
class Masked:
    """A contact as it stands on a screen until it is asked for: `06 •• •• •• 42`."""

    kind: str
    text: str


def masked(request: HttpRequest, chart: Chart) -> tuple[Masked, ...]:
    """Phone, e-mail, address and INS of an opened person, masked; those that her profession may open. KeeperDown."""
    answer = finder().call("masks", cookie=cookie_of(request), opening=chart.opening, patient=chart.patient_id.bytes)
    return tuple(Masked(one["kind"], one["text"]) for one in answer["masks"])


def opens_contact(view: Callable[Concatenate[HttpRequest, Chart, P], HttpResponse]) -> View:
    """The view shows one contact of one person: the URL carries `patient`, the form `kind`; a Chart of its category."""

    @functools.wraps(view)
    def opened(request: HttpRequest, patient: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        def run() -> HttpResponse:
            kind = request.POST.get("kind", "")
            if kind not in KINDS:
                raise Refused("bad_request")
            answer = keeper().call(
                "open_contact", cookie=cookie_of(request), patient=patient.bytes, kind=kind,
                counted=same_origin(request),
            )  # fmt: skip
            chart = chart_from(answer)
            request.actor = chart.actor  # type: ignore[attr-defined]
            return view(request, chart, *args, **kwargs)

        return answered(request, run)

    opened.gate = ("contact", ("contact", "ins"), (), "contact")  # type: ignore[attr-defined]
    return opened
