"""What other systems told, invented: for the previews and the tests that render every page."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from egide.record.forms import RestrictForm

Told = SimpleNamespace


def told(number: int, at: datetime, kind: str, label: str, **more: Any) -> Told:
    """One imported fact."""
    return SimpleNamespace(**{
        "id": UUID(int=number), "category": "clinical", "kind": kind, "label": label, "code": "", "state": "completed",
        "at": at, "until": None, "details": [], "media": "", "size": 0, "text": False, **more,
    })  # fmt: skip


def imported(chart: dict[str, Any], now: datetime) -> dict[str, tuple[str, dict[str, Any]]]:
    """The panel, a genre, a document shown, one that is not."""
    days = timedelta(days=1)
    treatments = [
        told(9001, now - 3 * days, "prescription", "Furosémide 40 mg comprimé", state="active", until=now + 5 * days,
             details=[("dose", "40 mg"), ("route", "orale"), ("rhythm", "1 fois par jour")]),
        told(9002, now - 9 * days, "statement", "Bisoprolol <b>fumarate</b>" + " très long" * 12, state="stopped"),
    ]  # fmt: skip
    shots = [told(9003, now - 400 * days, "vaccination", "Grippe", details=[("lot", "A12B"), ("rank", "1")])]
    acts = [told(9004, now - 90 * days, "act", "Coronarographie", code="74400", category="protected")]
    letter = told(9005, now - 20 * days, "document", "Lettre de sortie", state="current", media="text/plain", text=True,
                  details=[("by", "Dr Alix Roy"), ("as_needed", "1")])  # fmt: skip
    groups = [
        {"genre": genre, "total": total, "facts": [(one, 1 + 3 * (n == 0)) for n, one in enumerate(facts)]}
        for genre, total, facts in (("traitements", 1240, treatments), ("vaccinations", 1, shots), ("actes", 1, acts),
                                    ("documents", 1, [letter]))
    ]  # fmt: skip
    asides = [
        SimpleNamespace(type="Observation", reason="code", count=1432, first=now - 900 * days, last=now - days),
        SimpleNamespace(type="Specimen", reason="type", count=111, first=now - days, last=now - days),
        SimpleNamespace(type="CareTeam", reason="type", count=1, first=None, last=None),
    ]
    return {
        "importes": ("record/imported.html", {**chart, "groups": groups, "asides": asides, "kept": 1544}),
        "importes-vide": ("record/imported.html", {**chart, "groups": [], "asides": [], "kept": 0}),
        "importes-genre": (
            "record/imported_genre.html",
            {**chart, "genre": "traitements", "genres": ["traitements", "actes"], "facts": [*treatments, *acts],
             "before": None, "older": "/x?genre=traitements&avant=2026-01-01T00:00:00%2B00:00"},
        ),
        "importes-aucun": (
            "record/imported_genre.html",
            {**chart, "genre": "actes", "genres": ["traitements", "actes"], "facts": [], "before": None, "older": None},
        ),
        "importe": (
            "record/imported_one.html",
            {**chart, "fact": letter, "text": "Cher confrère,\n\n<script>alert(1)</script>\n" + "mot " * 80,
             "held": False},
        ),
        "importe-scelle": (
            "record/imported_one.html",
            {**chart, "fact": told(9006, now, "document", "Radio", media="application/pdf", size=130_000), "text": None,
             "held": True},
        ),
    }  # fmt: skip


def restricting(chart: dict[str, Any], now: datetime) -> dict[str, tuple[str, dict[str, Any]]]:
    """Restricting a note, refused for want of a reason; lifting that of a problem, with what was decided before."""
    note = {
        **chart, "form": RestrictForm({"why": "?"}), "fact": "note", "row": UUID(int=9101), "at": now,
        "lines": [("Observation", "Dit des idées noires depuis une semaine.")], "title": "Note",
        "author": "Dr Léa Faure", "restricted": False, "history": [],
    }  # fmt: skip
    history = [
        SimpleNamespace(kind="restrict", why="opposition", at=now, author="Dr Léa Faure"),
        SimpleNamespace(kind="release", why="", at=now - timedelta(days=4), author=None),
    ]
    problem = {**note, "fact": "problem", "title": "Problème", "lines": [("", "Épisode dépressif")],
               "restricted": True, "history": history}  # fmt: skip
    return {"restreindre": ("record/restrict.html", note), "restriction": ("record/restrict.html", problem)}
