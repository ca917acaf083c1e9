"""The search page: a form, and after a POST the rows the keeper lets be shown. No trait ever stands in an address."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from egide.directory.reads import units
from egide.gate.rules import may_find_present, may_receive
from egide.gate.searching import Desk, Found, FoundRow, searches
from egide.identity.actions import create
from egide.identity.forms import NewIdentity, PresentName, Search
from egide.kernel.capabilities import Refused
from egide.kernel.tokens import found_by
from egide.ui import page


@require_http_methods(["GET", "POST"])
@searches
def search(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Find a person: GET the empty form; POST what was typed."""
    if request.method == "GET":
        return _page(request, desk, Search(), None)
    form = Search(request.POST)
    if not form.is_valid():
        return _page(request, desk, form, None, status=422)
    found = desk.find(form.typed(), unmask=form.cleaned_data["unmask"], group=form.cleaned_data["group"])
    return _page(request, desk, form, found, status=503 if found.code == "finder_down" else 200)


def _page(request: HttpRequest, desk: Desk, form: Search, found: Found | None, status: int = 200) -> HttpResponse:
    rows = [(row, _address(row)) for row in found.rows] if found else []
    return page(
        request,
        "identity/search.html",
        status=status,
        form=form,
        found=found,
        rows=rows,
        may_receive=may_receive(desk.actor.profession) and desk.actor.grade != "rescue",
        rescue=desk.actor.grade == "rescue",
    )


@require_http_methods(["GET", "POST"])
@searches
def present(request: HttpRequest, desk: Desk) -> HttpResponse:
    """« Présents du site »: GET asks for a name; POST answers with three persons at most."""
    if desk.actor.grade == "rescue":
        raise Refused("rescue_list")
    if not may_find_present(desk.actor.profession):
        raise Refused("category_closed")
    form = PresentName(request.POST if request.method == "POST" else None)
    found, rows = None, []
    if form.is_bound and form.is_valid():
        found = desk.present(form.cleaned_data["name"], form.cleaned_data["first_name"])
        known = units()
        rows = [(row, known[row.unit].name if row.unit in known else "") for row in found.rows]
    status = 422 if form.errors else 503 if found and found.code == "finder_down" else 200
    return page(request, "identity/present.html", status=status, form=form, found=found, rows=rows)


@require_http_methods(["GET", "POST"])
@searches
def arrival(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Arrivals: GET says where to begin; POST, from a search that found nobody, gives the form filled in."""
    _receives(desk)
    if request.method == "GET":
        return page(request, "identity/arrival.html", done=request.GET.get("fait"))
    search = Search(request.POST)
    typed = search.cleaned_data if search.is_valid() else {}
    form = NewIdentity(
        initial={
            "birth_name": typed.get("name", ""),
            "first_name": typed.get("first_name", ""),
            "birth_date": request.POST.get("birth_date", "")[:20] if typed.get("birth_date") else "",
            "birth_place": typed.get("place", ""),
        }
    )
    return _creation(request, form, None)


@require_POST
@searches
def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Create a person: what is typed is searched for first, in the whole group; who is like her is to be told apart.

    By the rules of any search: who is near is a number, shown by one more act, counted; and has been shown before
    somebody else is created.
    """
    _receives(desk)
    form = NewIdentity(request.POST)
    if not form.is_valid():
        return _creation(request, form, None, status=422)
    another, unmask = form.cleaned_data["another"], form.cleaned_data["unmask"]
    found = desk.find(form.typed(), unmask=unmask, group=True)
    if found.code.startswith(("search_", "budget_")):
        raise Refused("arrival_pace")
    if found.code == "finder_down":
        return _creation(request, form, found, status=503)
    alike = found.rows or found.full or found.near or found.masked
    if (alike and not another) or (found.near and not unmask):
        return _creation(request, form, found, status=409)
    traits = {**form.traits(), "status": "provisoire", "ipp": desk.next_ipp()}
    patient = create(desk.create(found_by(traits.items())), traits)
    return HttpResponseRedirect(reverse("stay", kwargs={"patient": patient}) + "?fait=identite")


def _receives(desk: Desk) -> None:
    if not may_receive(desk.actor.profession):
        raise Refused("category_closed")


def _creation(request: HttpRequest, form: NewIdentity, found: Found | None, status: int = 200) -> HttpResponse:
    rows = [(row, _address(row)) for row in found.rows] if found else []
    return page(request, "identity/new.html", status=status, form=form, found=found, rows=rows)


def _address(row: FoundRow) -> str:
    """The chart of somebody in care; for others, the doors (advice, team, emergency)."""
    if not row.linked:
        return reverse("doors", kwargs={"patient": row.id})
    return reverse("chart", kwargs={"patient": row.id})
