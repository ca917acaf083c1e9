"""Invented contexts of the pages about rescue sessions, and of the way back from Pro Santé Connect."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from egide.accounts.rescue import Code
from egide.gate.rescue import REASONS


def contexts(now: datetime, ident: Callable[[int], UUID]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    wrong = Code({"username": "a.perrin", "code": "12345"})
    wrong.is_valid()
    rescues = [
        SimpleNamespace(
            account=ident(n), name=name, username=name.lower().replace(" ", "."), reason=reason, opened_by="Luc Arnaud",
            since=now - timedelta(hours=n), until=now + timedelta(hours=24 - n), used=n == 2,
        )
        for n, (name, reason) in enumerate((("Alice Perrin", "key_lost"), ("Zoé Le Goff", "key_stolen")), 1)
    ]  # fmt: skip
    page = {
        "reasons": REASONS,
        "mine": ident(9),
        "done": None,
        "whom": "",
        "username": "l.arnaud",
        "demo_keys_url": "http://localhost:1",
    }
    colleagues = [{"username": "z.le-goff", "name": "Zoé Le Goff"}]
    mine = SimpleNamespace(until=now + timedelta(hours=20), quarter=4, quarter_limit=10, day=11, day_limit=28)
    beds = [
        SimpleNamespace(unit=unit, bed=bed, patient=ident(n))
        for n, (unit, bed) in enumerate(
            [("Cardiologie B", f"{room} {label}") for room in range(201, 208) for label in "FP"]
            + [("Médecine interne", "310 F"), ("Médecine interne", "")]
        )
    ]
    return {
        "psc-fait": ("accounts/psc_done.html", {}),
        "secours-porte": ("accounts/rescue_sign_in.html", {"form": Code(), "now": 1_800_000_000_000}),
        "secours-porte-erreur": ("accounts/rescue_sign_in.html", {"form": wrong, "now": 1_800_000_000_000}),
        "secours": ("gate/rescues.html", {**page, "rescues": rescues, "may_open": True, "colleagues": colleagues}),
        "secours-vide": ("gate/rescues.html", {**page, "rescues": [], "may_open": False, "colleagues": []}),
        "secours-lits": ("stays/rescue_beds.html", {"mine": mine, "beds": beds}),
        "secours-lits-vide": ("stays/rescue_beds.html", {"mine": mine, "beds": []}),
    }
