"""Acts under an opening: one verb, one transaction, one trail entry."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from egide.accounts.session import CLOSED_IN_RESCUE, sqlstate
from egide.gate.reading import use_opening
from egide.kernel.capabilities import Capability, Chart, Refused


@contextmanager
def clean_transaction(ticket: str, patient_id: UUID | None = None) -> Iterator[None]:
    """A transaction under a ticket, on a connection without what an earlier request may have left there.

    What SQL raised in it is a refusal's row afterwards, about `patient_id` if it is somebody whom the ticket opens.
    """
    connection.close_if_health_check_failed()  # PostgreSQL may have restarted since the last request
    connection.ensure_connection()
    connection.connection.execute("RESET ALL", prepare=False)
    try:
        with transaction.atomic(durable=True):
            use_opening(connection.connection, ticket)
            yield
    except (Refused, DatabaseError) as fault:
        code = _raised(fault)
        if code is not None:  # the rollback took the row with it: it is written apart
            with transaction.atomic(durable=True), connection.cursor() as cursor:
                use_opening(connection.connection, ticket)
                cursor.execute("SELECT door.refused(%s, %s)", [code, patient_id])
        raise


# What SQL raises, in the middle of somebody's act, when a rule says no; as the pages' codes.
_LINK_REFUSALS = {"EG005": "already_in", "EG006": "unit_full", "EG007": "links_pace"}
_RAISED = {**_LINK_REFUSALS, CLOSED_IN_RESCUE: "rescue_closed"}


def _raised(fault: Exception) -> str | None:
    if isinstance(fault, Refused):
        return fault.code if fault.code in _LINK_REFUSALS.values() else None
    return _RAISED.get(sqlstate(fault) or "")


@contextmanager
def opened(cap: Capability, patient_id: UUID | None = None) -> Iterator[None]:
    """A transaction that holds the opening's ticket; what is done inside is committed together or not at all.

    `patient_id`: of a list, whom the act is about; of a chart it is its patient.
    """
    with clean_transaction(cap.ticket, cap.patient_id if isinstance(cap, Chart) else patient_id):
        yield


def record_act(verb: str, patient_id: UUID, object_id: str) -> None:
    """The trail entry of an act, in the transaction of `opened`; `verb` is `room:object:verb`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT door.append_act(%s, %s, %s)", [verb, patient_id, object_id])


@contextmanager
def acting(cap: Capability, verb: str, patient_id: UUID, object_id: str, *categories: str) -> Iterator[None]:
    """One act on one person. Refuses (`category_closed`) when the opening does not cover writing `categories`."""
    missing = [category for category in categories if not cap.may_write(category)]
    if missing or patient_id not in cap.ids:
        raise Refused("category_closed", "Votre profession ne permet pas d'écrire ici.")
    with opened(cap, patient_id):
        yield
        record_act(verb, patient_id, object_id)


def next_number(kind: str) -> str:
    """The next `ipp` or `nda`, in the transaction of `opened` or `clean_transaction`; never given twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT door.next_number(%s)", [kind])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        raise Refused("bad_request")
    return str(row[0])


def link(patient_id: UUID, unit_id: UUID, since: datetime, until: datetime | None = None) -> None:
    """The care link that a stay makes, in the transaction of `opened`: the unit takes care from `since`.

    Refuses `unit_full` (1.2 × its beds); a person's `already_in` (a stay holds her) and `links_pace`.
    """
    _push("SELECT door.link(%s, 'stay', %s, %s, %s)", patient_id, unit_id, since, until)


def book(patient_id: UUID, at: datetime, unit_id: UUID | None, account_id: UUID | None = None) -> None:
    """The care link that an appointment makes, in the transaction of `opened`: thirty days before and after `at`.

    With a unit of the actor's site, a professional of it, or both; the same one twice is one. Refuses `links_pace`.
    """
    _push("SELECT door.book(%s, %s::uuid, %s::uuid, %s)", patient_id, unit_id, account_id, at)


def unbook(patient_id: UUID, at: datetime, unit_id: UUID | None, account_id: UUID | None = None) -> None:
    """The appointment is cancelled, or moved (then `book` the other): its link ends now."""
    _push("SELECT door.unbook(%s, %s::uuid, %s::uuid, %s)", patient_id, unit_id, account_id, at)


def _push(sql: str, *params: Any) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
    except DatabaseError as error:
        code = _LINK_REFUSALS.get(sqlstate(error) or "")
        if code is None:
            raise
        raise Refused(code) from None


def unlink(patient_id: UUID, unit_id: UUID, until: datetime) -> None:
    """End of the stay's care link, in the transaction of `opened`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT door.unlink(%s, 'stay', %s, %s)", [patient_id, unit_id, until])


def call_door(cap: Capability, sql: str, *params: Any) -> None:
    """Under an opening, one function of `door` that answers with a code and writes its trail; Refused for any but ok.

    `sql` is a constant of the caller.
    """
    with opened(cap), connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        row = cursor.fetchone()
    if row is None or row[0] != "ok":
        raise Refused(str(row[0]) if row else "bad_request")
