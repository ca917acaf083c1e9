"""The search page: a form, and after a POST the rows the keeper lets be shown. No trait ever stands in an address."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from egide.gate.searching import Desk, Found, FoundRow, searches
from egide.identity.forms import Search
from egide.ui import page


@require_http_methods(["GET", "POST"])
@searches
def search(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Find a person: GET the empty form; POST what was typed."""
    if request.method == "GET":
        return _page(request, Search(), None)
    form = Search(request.POST)
    if not form.is_valid():
        return _page(request, form, None, status=422)
    found = desk.find(form.typed(), unmask=form.cleaned_data["unmask"])
    return _page(request, form, found)


def _page(request: HttpRequest, form: Search, found: Found | None, status: int = 200) -> HttpResponse:
    rows = [(row, _address(row)) for row in found.rows] if found else []
    return page(request, "identity/search.html", status=status, form=form, found=found, rows=rows)


def _address(row: FoundRow) -> str:
    """The chart of somebody in care; for others, the doors (advice, team, emergency)."""
    if not row.linked:
        return reverse("doors", kwargs={"patient": row.id})
    return reverse("chart", kwargs={"patient": row.id})
