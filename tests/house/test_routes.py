"""Every address carries exactly one gate, and the addresses are exactly those written in routes.txt."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

LIST = Path(__file__).with_name("routes.txt")
# The code of the wrappers that open (or say that nothing is opened): an attribute alone could be pasted on anything.
GATES = {
    ("egide/gate/decorators.py", "opens_chart.<locals>.decorate.<locals>.opened"): "chart",
    ("egide/gate/decorators.py", "opens_roster.<locals>.decorate.<locals>.opened"): "roster",
    ("egide/gate/work.py", "opens_work.<locals>.decorate.<locals>.opened"): "roster",
    ("egide/gate/mine.py", "opens_mine.<locals>.decorate.<locals>.opened"): "roster",
    ("egide/gate/days.py", "opens_day.<locals>.decorate.<locals>.opened"): "roster",
    ("egide/gate/contacts.py", "opens_contact.<locals>.opened"): "contact",
    ("egide/gate/searching.py", "searches.<locals>.searching"): "search",
    ("egide/accounts/session.py", "no_patient_data.<locals>.decorate.<locals>.checked"): "none",
}
Route = tuple[str, Callable[..., Any]]


def routes(patterns: Sequence[Any], prefix: str = "") -> Iterator[Route]:
    """Every (address, view) that the resolver can reach."""
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def layers(view: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The view and everything it wraps, outermost first."""
    current: Callable[..., Any] | None = view
    while current is not None:
        yield current
        current = getattr(current, "__wrapped__", None)


def gates(view: Callable[..., Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """The gates around a view: (kind, what `view.gate` says), recognised by their code."""
    found = []
    for layer in layers(view):
        code = getattr(layer, "__code__", None)
        for (file, name), kind in GATES.items():
            if code is not None and code.co_filename.endswith(file) and layer.__code__.co_qualname == name:
                found.append((kind, layer.gate))  # type: ignore[attr-defined]
    return found


def methods(view: Callable[..., Any]) -> str:
    """What require_http_methods admits; GET POST is all that the middleware lets through."""
    for layer in layers(view):
        allowed = (
            inspect.getclosurevars(layer).nonlocals.get("request_method_list") if inspect.isfunction(layer) else None
        )
        if allowed:
            return " ".join(sorted(allowed))
    return "GET POST"


def line(address: str, view: Callable[..., Any]) -> str:
    """One line of routes.txt: address, methods, gate, what it reads and writes, purpose or list."""
    (kind, (_, read, write, purpose)) = gates(view)[0]
    return " | ".join(("/" + address, methods(view), kind, " ".join(read) or "-", " ".join(write) or "-", purpose))


# Instead of a chart that is closed: the id is passed to the keeper or to `door`, nothing of the patient is read.
DOORS = re.compile(r"dossier/<uuid:patient>/acceder/(equipe/|accueil/|commission/|(urgence|fiche)/(defi|preuve)/)?")


def gate_faults(found: list[Route]) -> Iterator[str]:
    """Views without a gate, with two, or whose `gate` attribute is not their gate's."""
    for address, view in found:
        around = gates(view)
        if len(around) != 1:
            yield f"/{address}: {len(around)} gates"
        elif getattr(view, "gate", None) is not around[0][1] or around[0][1][0] != around[0][0]:
            yield f"/{address}: its attribute `gate` is not that of its gate"
        elif (around[0][0] in ("chart", "contact")) != ("<uuid:patient>" in address) and not DOORS.fullmatch(address):
            yield f"/{address}: a patient in the address, and a gate of another kind"


@pytest.fixture
def found(django: None) -> list[Route]:
    """The resolver's addresses."""
    from django.urls import get_resolver

    return list(routes(get_resolver().url_patterns))


def test_the_readme_names_every_gate() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"Every view carries exactly one of ([^;]+);", text)
    assert set(re.findall(r"`@(\w+)`", listed)) == {name.partition(".")[0] for _, name in GATES}


def test_every_address_has_exactly_one_gate(found: list[Route]) -> None:
    assert len(found) > 10
    assert list(gate_faults(found)) == []


def test_the_addresses_are_exactly_the_written_ones(found: list[Route]) -> None:
    written = [one for one in LIST.read_text(encoding="utf-8").splitlines() if one and not one.startswith("#")]
    assert sorted(line(*route) for route in found) == written


def test_pro_sante_connect_adds_exactly_these_addresses_where_it_is_configured(found: list[Route]) -> None:
    from django.conf import settings

    from egide.accounts.urls import PSC_PATTERNS

    more = list(routes(PSC_PATTERNS))
    assert list(gate_faults(more)) == []
    assert [line(*route) for route in more] == [
        "/connexion/psc/ | GET | none | - | - | public", "/connexion/psc/retour/ | GET | none | - | - | public",
    ]  # fmt: skip
    assert settings.PSC is None
    assert not {address for address, _ in more} & {address for address, _ in found}


def test_what_anyone_may_see_is_known(found: list[Route]) -> None:
    public = {address for address, view in found if gates(view)[0][1][3] == "public"}
    assert public == {
        "cle/", "cle/defi/", "cle/preuve/", "connexion/", "connexion/defi/", "connexion/preuve/", "connexion/secours/",
        "connexion/poste/", "connexion/poste/preuve/", "deconnexion/", "sante/",
        "verrou/", "verrou/defi/", "verrou/preuve/",
        "statique/<str:digest>/<str:name>", "^favicon\\.ico$",
    }  # fmt: skip


def test_a_missing_a_double_and_a_pasted_gate_are_named(django: None) -> None:
    from django.http import HttpRequest, HttpResponse
    from django.views.decorators.http import require_GET

    from egide.accounts.session import no_patient_data
    from egide.gate.decorators import opens_chart

    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def charted(request: HttpRequest, chart: object) -> HttpResponse:
        return HttpResponse()

    def pasted(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    pasted.gate = ("none", (), (), "signed_in")  # type: ignore[attr-defined]
    one = no_patient_data()(bare)
    chart = opens_chart(read=("identity",))(charted)
    relabelled = no_patient_data()(bare)
    relabelled.gate = ("chart", (), (), "care")  # type: ignore[attr-defined]
    masked = require_GET(no_patient_data()(bare))
    masked.gate = ("none", (), (), "signed_in")  # type: ignore[attr-defined]
    assert list(gate_faults([("a/", one), ("b/", require_GET(one)), ("dossier/<uuid:patient>/", chart)])) == []
    wrong = [("a/", bare), ("b/", pasted), ("c/", no_patient_data()(one)), ("d/", require_GET(bare))]
    assert list(gate_faults(wrong)) == [
        "/a/: 0 gates", "/b/: 0 gates", "/c/: 2 gates", "/d/: 0 gates",
    ]  # fmt: skip
    assert [fault.split(":")[0] for fault in gate_faults([("e/", relabelled), ("f/", masked)])] == ["/e/", "/f/"]
    assert list(gate_faults([("x/<uuid:patient>/", one), ("y/", chart)])) == [
        "/x/<uuid:patient>/: a patient in the address, and a gate of another kind",
        "/y/: a patient in the address, and a gate of another kind",
    ]


def test_a_view_hidden_in_an_include_is_walked(django: None) -> None:
    from django.http import HttpRequest, HttpResponse
    from django.urls import include, path

    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    nested = path("a/", include([path("b/", include([path("c/", bare)]))]))
    assert list(gate_faults(list(routes([nested])))) == ["/a/b/c/: 0 gates"]


def test_every_page_is_in_a_walk_of_axe_or_said_elsewhere() -> None:
    from tests.journeys import walks

    walked = {route for routes in walks.WALKED.values() for route in routes}
    told = "stands in tests/journeys/walks.py (WALKED by whom, or ELSEWHERE and why)"
    assert walks.shown() - walked - set(walks.ELSEWHERE) == set(), f"each page {told}"
    assert (walked | set(walks.ELSEWHERE)) - walks.shown() == set(), f"a page that is gone still {told}"
