"""A fault outside every view: a page with an id, and a line of the log under the same id."""

import io
import json
import logging
import re

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from egide.config.middleware import last_resort
from egide.kernel import logs

PLANTED = "Zylberquist"


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
