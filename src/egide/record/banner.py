"""What the identity banner of every page of a chart shows (template ui/banner.html)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from egide.directory.reads import CLINICAL, unit_name
from egide.gate.rules import may_admit, may_see_contacts
from egide.identity.reads import Identity
from egide.kernel.capabilities import Chart, Refused
from egide.record.reads import Allergy
from egide.stays.reads import StayPlace


@dataclass(frozen=True, slots=True)
class BannerStay:
    """Where the person lies now."""

    unit: str | None
    bed: str | None
    since: datetime
    kept_secret: bool = False


def banner(
    chart: Chart, who: dict[UUID, Identity], places: list[StayPlace], allergies: list[Allergy]
) -> dict[str, Any]:
    """Context of the banner. A person without any identity row: Refused(no_link), as for an unknown id."""
    patient = who.get(chart.patient_id)
    if patient is None:
        raise Refused("no_link")
    now = next((place for place in places if place.until is None), None)
    return {
        "patient": patient,
        "stay": BannerStay(unit_name(now.unit_id), now.bed, now.since, now.kept_secret) if now else None,
        "directives": chart.may_read("clinical") and getattr(allergies, "directives", False),
        "allergies": [one for one in allergies if one.error is None and one.ended is None]
        if chart.may_read("clinical")
        else None,
        "emergency": chart.basis == "break_glass",
        "may_ask": chart.actor.profession in CLINICAL,
        "may_name": bool(chart.basis) and chart.basis not in ("oversight", "sheet"),
        "may_admit": may_admit(chart.actor.profession, chart.basis),
        "may_see_contacts": may_see_contacts(chart.actor.profession, chart.basis),
    }
