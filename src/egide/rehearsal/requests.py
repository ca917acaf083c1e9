"""Examinations asked in the demo, so that laboratories and imaging have a day: of who lies in each clinic's last beds.

Written through the gate as the site's application account, after everybody is there; a second time adds nothing. What
is asked of whom is invented.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from egide.gate import acting, applications
from egide.kernel import clock
from egide.kernel.capabilities import Batch
from egide.orders.rules import KINDS, due, kept_together
from egide.rehearsal import census, group, people, rows, staff
from egide.rehearsal.draw import Draw
from egide.rehearsal.group import House
from egide.rehearsal.hospital import Bed, Unit
from egide.rehearsal.rows import SYSTEM

EACH = 6
"""How many people of each ward something is asked for."""
_FEW, _ENOUGH = 4, 24  # blocks that are all looked through; people
_ROOM = {"laboratory": "labo", "imaging": "imag"}
# kind → what is asked together, and why.
_ASKED: dict[str, tuple[tuple[str, str], ...]] = {
    "laboratory": (
        ("nfs electrolytes creatinine crp", "Fièvre à 38,7 °C depuis hier soir, frissons."),
        ("nfs coagulation group rai", "Bilan avant l'intervention de demain."),
        ("electrolytes creatinine", "Surveillance sous diurétiques."),
        ("blood_cultures crp pct", "Pic fébrile à 39,2 °C cette nuit, voie veineuse périphérique de quatre jours."),
        ("inr", "Relais par AVK, deuxième jour."),
        ("troponin bnp", "Douleur thoracique ce matin, cédée en dix minutes."),
    ),
    "imaging": (
        ("xr_chest", "Toux et crépitants de la base droite : foyer ?"),
        ("ct_angio_chest", "Dyspnée brutale, saturation à 91 %, D-dimères élevés : embolie pulmonaire ?"),
        ("us_veins", "Mollet gauche augmenté de volume depuis hier : phlébite ?"),
        ("ct_abdomen", "Douleurs abdominales et vomissements au quatrième jour : occlusion, collection ?"),
        ("us_abdomen", "Cholestase découverte à l'entrée : dilatation des voies biliaires ?"),
    ),
}


class Lying(NamedTuple):
    """Somebody who lies in a bed of a clinic."""

    number: int
    unit: Unit
    bed: Bed


def ask(seed: int, count: int, today: date, advance: Callable[[int], None] = lambda _: None) -> int:
    """Ask for examinations at every clinic of the demo of `count` people; how many were added."""
    added = 0
    for house in group.HOUSES.values():
        rooms = {kind: next((one for one in house.units if one.slug == slug), None) for kind, slug in _ROOM.items()}
        lying = _last_beds(seed, count, house)
        if not lying or None in rooms.values():
            continue
        application = applications.sign_in(house.site.id, rows.manifest(seed, count, today), "demo")
        try:
            batch = application.open_new(
                [[(SYSTEM, str(one.number))] for one in lying],
                [rows.traits_of(people.person(seed, one.number)) for one in lying],
            )
            added += _ask_at(seed, batch, lying, {kind: room.id for kind, room in rooms.items() if room})
        finally:
            application.end()
        advance(1)
    return added


def _last_beds(seed: int, count: int, house: House) -> list[Lying]:
    """Of each ward, who lies in its last beds; of a large base, among the first two dozen people met."""
    found: dict[UUID, list[Lying]] = {}
    blocks = group.blocks_of(seed, count, house)
    for block in blocks:
        for index in range(block * group.BLOCK, min(count, (block + 1) * group.BLOCK)):
            place = census.place(seed, count, index)
            if place is not None:
                found.setdefault(place[0].id, []).append(Lying(index, *place))
        if len(blocks) > _FEW and sum(map(len, found.values())) >= _ENOUGH:
            break
    by_bed = (sorted(here, key=lambda one: (int(one.bed.room), one.bed.label)) for here in found.values())
    return [one for here in by_bed for one in here[-EACH:]]


def _ask_at(seed: int, batch: Batch, lying: list[Lying], rooms: dict[str, UUID]) -> int:
    """One transaction: each a laboratory request, two in three an image too, one in five urgent."""
    added, now = 0, clock.now()
    with acting.opened(batch):
        for one, patient, known in zip(lying, batch.ids, batch.known, strict=True):
            draw = Draw(seed, "requests", one.number)
            for kind in KINDS if draw.chance(0.6) else ("laboratory",):
                codes, question = _ASKED[kind][draw.below(len(_ASKED[kind]))]
                urgent = draw.chance(0.2)
                wished = None if urgent or draw.chance(0.5) else now + timedelta(hours=1 + draw.below(20))
                if known:
                    row_id = batch.row_id("clinical", patient, f"examination/{kind}")
                    physicians = staff.of_unit(one.unit, "physician")
                    author = physicians[one.number % len(physicians)].id if physicians else batch.actor.account
                    asked = _Request(
                        row_id, patient, kind, kept_together(codes.split(), kind), question, urgent, wished
                    )
                    added += _insert(batch, asked, rooms[kind], author, now)
    return added


class _Request(NamedTuple):
    id: UUID
    patient: UUID
    kind: str
    codes: str
    question: str
    urgent: bool
    wished: datetime | None


def _insert(batch: Batch, one: _Request, unit: UUID, author: UUID, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT door.ask_examination(%s, %s, %s, %s, %s, %s)",
            [one.patient, one.id, KINDS[one.kind], unit, one.urgent, due(one.kind, one.urgent, one.wished, now)],
        )
        row = cursor.fetchone()
        if row is None or row[0] != "ok":
            return 0
        said = {"other": "", "question": one.question}
        sealed = batch.seal("clinical", one.patient, "orders_examination", "body", one.id, said)
        cursor.execute(
            "INSERT INTO orders_examination (id, patient_id, kind, codes, urgent, wished_at, unit_id, body, asked_at,"
            " author) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [one.id, one.patient, one.kind, one.codes, one.urgent, one.wished, unit, sealed, now, author],
        )
    return 1
