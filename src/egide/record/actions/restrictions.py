"""Restricting a note or a problem, and giving it back: one act, by the base's own function, the words sealed again."""

from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from egide.gate.acting import opened
from egide.kernel.capabilities import Chart, Refused
from egide.record.models import Amendment, Note, Problem

# fact → its model, its table, the column of its words
_WORDS: dict[str, tuple[Any, str, str]] = {
    "note": (Note, "record_note", "body"),
    "problem": (Problem, "record_problem", "label"),
}


def restrict(chart: Chart, fact: str, target: UUID, why: str) -> None:
    """From now on only an opening of the category protected shows it, or that it exists. `why`: RESTRICTIONS.

    Refuses `category_closed` when this opening does not read and write both categories, `bad_request` when it is not a
    fact of this patient, or is restricted already.
    """
    _move(chart, fact, target, "clinical", "protected", why)


def release(chart: Chart, fact: str, target: UUID) -> None:
    """The restriction is lifted: whoever reads clinical data reads it again. Refuses as `restrict`."""
    _move(chart, fact, target, "protected", "clinical", "")


def _move(chart: Chart, fact: str, target: UUID, before: str, after: str, why: str) -> None:
    if not all(chart.may_read(one) and chart.may_write(one) for one in (before, after)):
        raise Refused("category_closed")
    model, table, column = _WORDS[fact]
    with opened(chart):
        row = model.objects.filter(id=target, patient_id__in=chart.ids, category=before).first()
        if row is None:
            raise Refused("bad_request")

        def again(name: str, field: str, of: UUID, sealed: bytes) -> bytes:
            words = chart.unseal(before, row.patient_id, name, field, of, bytes(sealed))
            return chart.seal(after, row.patient_id, name, field, of, words)

        ends = list(Amendment.objects.filter(target=target, patient_id__in=chart.ids, category=before))
        reasons = [
            again("record_amendment", "reason", one.id, bytes(one.reason)) if one.reason else None for one in ends
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT public.record_restrict(%s, %s, %s, %s, %s::uuid[], %s::bytea[], %s, %s, %s)",
                [fact, target, after, again(table, column, row.id, getattr(row, column)), [one.id for one in ends],
                 reasons, uuid4(), why, chart.actor.account],
            )  # fmt: skip
            answer = cursor.fetchone()
        if answer is None or answer[0] != "ok":
            raise Refused("bad_request")
