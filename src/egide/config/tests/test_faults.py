"""A fault outside every view: a page with an id, and a line of the log under the same id. What is no fault of ours."""

import io
import json
import logging
import re

import pytest
from django.db import DataError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from egide.accounts.session import answered
from egide.config.middleware import last_resort
from egide.gate.tests.factories import Hospital
from egide.kernel import logs

PLANTED = "Zylberquist"


def asking(sql: str, *typed: str) -> HttpResponse:
    """What a page answers whose view asks this."""

    def run() -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute(sql, typed)
        return HttpResponse()

    return answered(RequestFactory().get("/"), run)


def test_a_text_that_postgresql_cannot_hold_is_a_sentence_and_no_fault(hospital: Hospital) -> None:
    for typed in ("\x00", f"{PLANTED}\x00"):
        answer = asking("SELECT %s::text", typed)
        assert answer.status_code == 400
        assert PLANTED not in answer.content.decode()
    assert asking("SELECT %s::text", PLANTED).status_code == 200
    with pytest.raises(DataError):  # PostgreSQL's own: a fault of ours stays one
        asking("SELECT 1 / %s::int", "0")


def test_the_page_of_a_fault_and_its_line_in_the_log_bear_one_id() -> None:
    out = io.StringIO()
    handler, web = logging.StreamHandler(out), logging.getLogger("egide.web")
    handler.setFormatter(logs.formatter())
    web.addHandler(handler)

    def broken(request: HttpRequest) -> HttpResponse:
        raise RuntimeError(PLANTED)

    try:
        pages = [last_resort(broken)(RequestFactory().get("/unite")) for _ in range(2)]
    finally:
        web.removeHandler(handler)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    shown = [re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", page.content.decode()) for page in pages]
    assert [found and found[0] for found in shown] == [line["request"] for line in lines]
    assert lines[0]["request"] != lines[1]["request"]
    assert "RuntimeError" in lines[0]["event"]
    assert PLANTED not in out.getvalue()
