"""What other systems told: read-only treatments, vaccinations, acts and documents; what is kept and not shown."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel.capabilities import Chart, Refused
from egide.record import reads
from egide.record.banner import banner
from egide.record.rules import GENRES, by_name, instant
from egide.stays.reads import stays
from egide.ui import page

_SHOWN = 6
# The categories of the chart itself: coming from there, these pages are the same opening.
READ, WRITE = ("identity", "stay", "clinical", "protected"), ("clinical",)


@require_GET
@opens_chart(read=READ, write=WRITE)
def imported(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The latest of each genre, or with `?genre=` the whole of one by pages; to htmx, the panel of the chart."""
    _need(chart)
    genre = request.GET.get("genre", "")
    if genre in GENRES:
        return _one_genre(request, chart, genre)
    who, places, allergies, (latest, counts), asides = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.latest_imported(chart),
        reads.kept_aside(chart),
    )  # fmt: skip
    groups = []
    for name, kinds in GENRES.items():
        newest = sorted((one for kind in kinds for one in latest.get(kind, ())), key=lambda one: one.at, reverse=True)
        if newest:
            total = sum(counts[kind] for kind in kinds if kind in counts)
            groups.append({"genre": name, "total": total, "facts": by_name(newest)[:_SHOWN]})
    return page(
        request, "record/imported.html", groups=groups, asides=asides, kept=sum(one.count for one in asides),
        **banner(chart, who, places, allergies),
    )  # fmt: skip


@require_GET
@opens_chart(read=READ, write=WRITE)
def imported_one(request: HttpRequest, chart: Chart, row: UUID) -> HttpResponse:
    """One fact with all that its source told; a document's text as text. Refuses `bad_request` for another's."""
    _need(chart)
    who, places, allergies, found = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.imported_one(chart, row)
    )
    if found is None:
        raise Refused("bad_request")
    fact, content = found
    return page(
        request, "record/imported_one.html", fact=fact, text=content if isinstance(content, str) else None,
        held=isinstance(content, bytes), **banner(chart, who, places, allergies),
    )  # fmt: skip


def _one_genre(request: HttpRequest, chart: Chart, genre: str) -> HttpResponse:
    before = instant(request.GET.get("avant", ""))
    who, places, allergies, facts = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.imported(chart, GENRES[genre], before)
    )
    older = None
    if facts.end:
        address = reverse("imported", kwargs={"patient": chart.patient_id})
        older = f"{address}?{urlencode({'genre': genre, 'avant': facts.end.isoformat()})}"
    return page(
        request, "record/imported_genre.html", genre=genre, genres=list(GENRES), facts=facts.found, before=before,
        older=older, **banner(chart, who, places, allergies),
    )  # fmt: skip


def _need(chart: Chart) -> None:
    if not chart.may_read("clinical"):
        raise Refused("category_closed")
