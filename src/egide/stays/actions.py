"""Admit, move, discharge: each one transaction, with the care links it opens and ends and one entry of the trail."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from egide.directory.reads import bed_in, units
from egide.gate.acting import acting, link, next_number, unlink
from egide.kernel.capabilities import Batch, Chart, Refused
from egide.stays.models import Stay
from egide.stays.rules import Passage, refused_dates

_BED = "one_bed_one_person"


def admit(chart: Chart, unit_id: UUID, bed_id: UUID | None, at: datetime, kept_secret: bool = False) -> UUID:
    """A new stay under a new file number (NDA); the unit takes care from `at`. Returns the stay's id.

    `kept_secret`: whoever asks the switchboard for her is answered as for somebody absent.

    Refuses `category_closed`, `bed_taken`, `unknown_unit`, `unknown_bed`, `already_in`, `unit_full`, `future`,
    `too_old`.
    """
    _refuse(refused_dates(None, at, timezone.now()))
    _refuse_place(chart, unit_id, bed_id)
    stay_id = uuid.uuid4()
    try:
        with acting(chart, "stays:stay:admit", chart.patient_id, str(stay_id), "stay"):
            link(chart.patient_id, unit_id, at)
            _insert(chart, stay_id, unit_id, bed_id, next_number("nda"), at, kept_secret)
    except IntegrityError as error:
        raise _taken(error) from None
    return stay_id


def move(chart: Chart, unit_id: UUID, bed_id: UUID | None) -> UUID:
    """To another bed or unit, now: the row of the place left ends, another begins under the same file number.

    Refuses as `admit`, and `not_in` (no stay), `same_place`.
    """
    at = timezone.now()
    _refuse_place(chart, unit_id, bed_id)
    stay_id = uuid.uuid4()
    try:
        with acting(chart, "stays:stay:move", chart.patient_id, str(stay_id), "stay"):
            left = _present(chart)
            if (left.unit_id, left.bed_id) == (unit_id, bed_id):
                raise Refused("same_place")
            nda = chart.unseal("stay", left.patient_id, "stays_stay", "nda", left.id, bytes(left.nda))
            Stay.objects.filter(id=left.id).update(discharged_at=max(at, left.admitted_at))
            if left.unit_id != unit_id:
                unlink(left.patient_id, left.unit_id, at)
                link(chart.patient_id, unit_id, at)
            _insert(chart, stay_id, unit_id, bed_id, nda, max(at, left.admitted_at), left.kept_secret)
    except IntegrityError as error:
        raise _taken(error) from None
    return stay_id


def keep_secret(chart: Chart, secret: bool) -> None:
    """The switchboard now answers as for somebody absent; with `secret` false it tells again. Refuses `not_in`."""
    verb = "stays:stay:keep_secret" if secret else "stays:stay:tell_presence"
    with acting(chart, verb, chart.patient_id, str(chart.patient_id), "stay"):
        Stay.objects.filter(id=_present(chart).id).update(kept_secret=secret)


def discharge(chart: Chart, at: datetime) -> None:
    """The stay ends at `at`, and with it the unit's care link. Refuses `not_in`, `future`, `before_admission`."""
    with acting(chart, "stays:stay:discharge", chart.patient_id, str(chart.patient_id), "stay"):
        left = _present(chart)
        _refuse(refused_dates(left.admitted_at, at, timezone.now()))
        Stay.objects.filter(id=left.id).update(discharged_at=at)
        unlink(left.patient_id, left.unit_id, at)


def bring(
    batch: Batch, patient_id: UUID, unit_id: UUID, source: str, told: Sequence[Passage], here: Collection[UUID]
) -> set[str]:  # fmt: skip
    """Stays that another system tells, in the transaction of an import's act; the `ref`s of those that were added.

    Row ids are drawn from the patient's keys over the source's ids: those `here` are not written again. No bed, and no
    file number (NDA): the source's is not ours. One that lasts is an admission, with its care link. Refuses
    `category_closed`, and `link`'s refusals.
    """
    if not batch.may_write("stay"):
        raise Refused("category_closed", "L'application n'a pas le droit d'écrire ces données.")
    rows: list[Stay] = []
    added: set[str] = set()
    for one in told:
        row_id = batch.row_id("stay", patient_id, f"{source}\n{one.ref}")
        if row_id in here:
            continue
        sealed = batch.seal("stay", patient_id, "stays_stay", "nda", row_id, "")
        rows.append(
            Stay(
                id=row_id, patient_id=patient_id, unit_id=unit_id, nda=sealed, admitted_at=one.start,
                discharged_at=one.end,
            )
        )  # fmt: skip
        added.add(one.ref)
    Stay.objects.bulk_create(rows)
    for row in rows:
        if row.discharged_at is None:
            link(patient_id, unit_id, row.admitted_at)
    return added


def _present(chart: Chart) -> Stay:
    """The stay that holds her now, its row locked: two people at one chart act one after the other."""
    found = Stay.objects.filter(patient_id__in=chart.ids, discharged_at__isnull=True)
    stay = found.select_for_update().order_by("-admitted_at").first()
    if stay is None:
        raise Refused("not_in")
    return stay


def _insert(
    chart: Chart, stay_id: UUID, unit_id: UUID, bed_id: UUID | None, nda: str, at: datetime, kept_secret: bool
) -> None:
    sealed = chart.seal("stay", chart.patient_id, "stays_stay", "nda", stay_id, nda)
    row = Stay(
        id=stay_id, patient_id=chart.patient_id, unit_id=unit_id, bed_id=bed_id, nda=sealed, admitted_at=at,
        discharged_at=None, kept_secret=kept_secret,
    )  # fmt: skip
    Stay.objects.bulk_create([row])


def _refuse(code: str | None) -> None:
    if code is not None:
        raise Refused(code)


def _refuse_place(chart: Chart, unit_id: UUID, bed_id: UUID | None) -> None:
    unit = units().get(unit_id)
    if unit is None or unit.site_id != chart.actor.site:
        raise Refused("unknown_unit")
    if bed_id is not None and not bed_in(unit_id, bed_id):
        raise Refused("unknown_bed")


def _taken(error: IntegrityError) -> Exception:
    diagnosis = getattr(error.__cause__, "diag", None)
    return Refused("bed_taken") if getattr(diagnosis, "constraint_name", None) == _BED else error
