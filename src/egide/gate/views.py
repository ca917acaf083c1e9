"""My sessions: what is open in my name, and closing it from here."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import cookie_of, keeper, no_patient_data
from egide.gate.reading import fetch_with
from egide.gate.trail import my_sessions
from egide.ui import page


@require_GET
@no_patient_data()
def sessions(request: HttpRequest) -> HttpResponse:
    """My live sessions."""
    (found,) = fetch_with(request.own_ticket, my_sessions())  # type: ignore[attr-defined]
    return page(request, "accounts/sessions.html", sessions=found, done=request.GET.get("fait"))


@require_POST
@no_patient_data()
def revoke(request: HttpRequest, session: UUID) -> HttpResponse:
    """Close one of my sessions; its open pages are refused at their next request and empty themselves."""
    keeper().call("revoke", cookie=cookie_of(request), session=session.bytes)
    return HttpResponseRedirect(reverse("sessions") + "?fait=session")
