"""Drafts, and what becomes of them: signed into a note or a transmission, or thrown away."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from egide.gate.acting import acting, opened, record_act
from egide.kernel.capabilities import Chart, Refused
from egide.record.models import Draft, Note


def save_draft(chart: Chart, draft_id: UUID, kind: str, sections: dict[str, str], revision: int, at: datetime) -> int:
    """Keep what is being written, sealed, for the acting account only; the new revision.

    `revision` is the one it started from, 0 for a draft not kept yet. Its first keeping is an act; the next are not:
    nobody else sees them. Refuses `draft_moved` when it was saved or signed from another page since, `category_closed`
    when this opening does not write clinical data.
    """
    patient_id = chart.patient_id
    if not chart.may_write("clinical"):
        raise Refused("category_closed")
    sealed = chart.seal("clinical", patient_id, "record_draft", "body", draft_id, sections)
    try:
        with opened(chart):
            if revision:
                kept = Draft.objects.filter(
                    id=draft_id, patient_id__in=chart.ids, kind=kind, revision=revision, ended_at=None
                )
                if not kept.update(body=sealed, revision=revision + 1, saved_at=at):
                    raise Refused("draft_moved")
            else:
                Draft.objects.create(
                    id=draft_id, patient_id=patient_id, kind=kind, author=chart.actor.account, revision=1,
                    body=sealed, saved_at=at,
                )  # fmt: skip
                record_act("record:draft:create", patient_id, str(draft_id))
    except IntegrityError:
        raise Refused("draft_moved") from None
    return revision + 1


def sign_note(
    chart: Chart, draft_id: UUID, kind: str, template: str, sections: dict[str, str], at: datetime
) -> UUID | None:
    """Sign a draft into a note or a transmission, and empty the draft: one transaction.

    The same draft signed twice (a double click, a resent form) is one note: None. Refuses `category_closed`.
    """
    patient_id = chart.patient_id
    note_id = chart.row_id("clinical", patient_id, f"note/{draft_id}")
    sealed = chart.seal("clinical", patient_id, "record_note", "body", note_id, sections)
    try:
        with acting(chart, f"record:{kind}:create", patient_id, str(note_id), "clinical"):
            Note.objects.create(
                id=note_id, patient_id=patient_id, kind=kind, template=template, written_at=at, recorded_at=at,
                author=chart.actor.account, body=sealed,
            )  # fmt: skip
            end_draft(chart, draft_id, kind, at)
    except IntegrityError:
        return None
    return note_id


def discard_draft(chart: Chart, draft_id: UUID, kind: str, at: datetime) -> None:
    """Throw my draft away: its words are erased, the row stays ended. `draft_moved`: it is not mine."""
    try:
        with acting(chart, "record:draft:discard", chart.patient_id, str(draft_id), "clinical"):
            end_draft(chart, draft_id, kind, at)
    except IntegrityError:
        raise Refused("draft_moved") from None


def end_draft(chart: Chart, draft_id: UUID, kind: str, at: datetime) -> None:
    """In the transaction of an act: nothing saved later under this id is kept, also when nothing was saved yet."""
    found = Draft.objects.filter(id=draft_id, patient_id__in=chart.ids)
    if not found.update(body=None, ended_at=at):
        Draft.objects.create(
            id=draft_id, patient_id=chart.patient_id, kind=kind, author=chart.actor.account, revision=0, saved_at=at,
            ended_at=at,
        )  # fmt: skip
