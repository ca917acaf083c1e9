"""Acts of a person that touch no patient table: one function of `door`, under the ticket of `who`."""

from typing import Any

from django.db import connection
from django.http import HttpRequest

from egide.gate.acting import clean_transaction
from egide.kernel.capabilities import Refused


def act_as(request: HttpRequest, sql: str, *params: Any) -> Any:
    """One transaction, one door function that answers with a code; Refused for any but ok. `sql` is a constant.

    The request must have been through `@no_patient_data()`.
    """
    with clean_transaction(request.own_ticket), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(sql, list(params))
        row = cursor.fetchone()
    if row is None or row[0] is False:
        raise Refused("bad_request")
    if isinstance(row[0], str) and row[0] != "ok":
        raise Refused(row[0])
    return row[0]
