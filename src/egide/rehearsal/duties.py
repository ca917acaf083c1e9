"""Who answers for what in the demo's group: a cadre and a chief a unit, an administrateur de garde a site."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from egide.rehearsal import group, hospital, staff
from egide.rehearsal.hospital import Site, Unit, fixed_id
from egide.rehearsal.people import REFERENCE

SINCE = datetime.combine(REFERENCE, time(), UTC)


@dataclass(frozen=True, slots=True)
class Duty:
    """One responsibility, since the demo's first day."""

    id: UUID
    professional: UUID
    kind: str
    site: Site
    unit: Unit | None


def duties() -> Iterator[Duty]:
    """Those of the first clinic by name; elsewhere the first nurse and the first physician of each unit."""
    for username, kind, unit in hospital.DUTIES:
        yield _duty(hospital.account(username).id, kind, hospital.SITE, unit)
    for unit in group.UNITS:
        if unit not in hospital.UNITS:
            for kind, profession in (("cadre", "nurse"), ("chief", "physician")):
                for one in staff.of_unit(unit, profession)[:1]:
                    yield _duty(one.id, kind, unit.service.site, unit)
    guards = [one.account for one in staff.workers() if one.account.profession == "administrator"][2:]
    for number, site in enumerate(site for site in group.SITES if site is not hospital.SITE):
        yield _duty(guards[number % len(guards)].id, "guard", site, None)


def _duty(who: UUID, kind: str, site: Site, unit: Unit | None) -> Duty:
    return Duty(fixed_id("duty", str(who), kind, str(unit.id if unit else site.id)), who, kind, site, unit)
