"""Ask for an examination, and tell what became of it: each one transaction, one act of the trail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, connection

from egide.gate.acting import call_door, opened
from egide.kernel.capabilities import Chart, Refused
from egide.orders.models import Examination
from egide.orders.rules import KINDS, due, kept_together, refused_wish


def ask(
    chart: Chart, kind: str, codes: Sequence[str], other: str, question: str, unit: UUID, urgent: bool,
    wished: datetime | None, at: datetime,
) -> UUID | None:  # fmt: skip
    """Ask a unit for examinations; the person opens to whoever works there until the result is given.

    `kind`: laboratory or imaging; `codes`: usual ones of that kind; `other`, `question`: words, sealed. Sent twice in
    the same minute of one session it is one: None. Refuses `category_closed`, `unknown_receiver`, `past`,
    `wish_too_far`, `links_pace`.
    """
    refusal = refused_wish(wished, at)
    if refusal is not None:
        raise Refused(refusal)
    kept, patient_id = kept_together(codes, kind), chart.patient_id
    minute = at.replace(second=0, microsecond=0).isoformat()
    foreign = f"{chart.actor.session}/{minute}/examination/{kind}/{kept}/{other}/{question}/{unit}/{urgent}/{wished}"
    row_id = chart.row_id("clinical", patient_id, foreign)
    said = {"other": other, "question": question}
    sealed = chart.seal("clinical", patient_id, "orders_examination", "body", row_id, said)
    try:
        with opened(chart):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT door.ask_examination(%s, %s, %s, %s, %s, %s)",
                    [patient_id, row_id, KINDS[kind], unit, urgent, due(kind, urgent, wished, at)],
                )
                answer = str((cursor.fetchone() or ("bad_request",))[0])
            if answer == "ok":
                Examination.objects.create(
                    id=row_id, patient_id=patient_id, kind=kind, codes=kept, urgent=urgent, wished_at=wished,
                    unit_id=unit, body=sealed, asked_at=at, author=chart.actor.account,
                )  # fmt: skip
    except IntegrityError:  # the same request, at the same instant
        return None
    if answer == "already":
        return None
    if answer != "ok":  # after the block: the refusal's row is committed
        raise Refused(answer)
    return row_id


def tell(chart: Chart, examination: UUID, step: str, words: str) -> None:
    """What became of a request: `done`, `reported` with its result, `cancelled` with its reason (`words`, sealed).

    Result and cancellation end the line, and the link that opened the person to the unit. Refuses `category_closed`,
    `no_link`, `told_already`, `bad_request`.
    """
    row_id = uuid4()
    sealed = chart.seal("clinical", chart.patient_id, "orders_step", "body", row_id, words) if words else None
    call_door(chart, "SELECT door.tell_examination(%s, %s, %s, %s)", examination, row_id, step, sealed)
