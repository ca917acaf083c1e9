"""Pages that say no: a sentence, a next step, the right status, nothing else."""

import json

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from egide.kernel import logs
from egide.ui import answers
from egide.ui.refusals import REFUSALS
from egide.ui.rendering import _frame_maker


def request(path: str = "/unite", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, headers=headers)


@pytest.mark.parametrize("code", [*REFUSALS, "never_heard_of"])
def test_each_code_is_a_sentence_and_a_next_step(code: str) -> None:
    answer = answers.refused(request(), code)
    assert answer.status_code in {400, 401, 403, 409, 410, 422, 423, 428, 429, 503}
    assert answer["Cache-Control"] == "no-store"
    assert code not in answer.content.decode()
    told = json.loads(answers.refused_json(code).content)
    assert told["code"] == code
    assert told["message"].count(".") >= 2


def test_the_end_of_a_session_tells_open_pages_and_shows_no_rail() -> None:
    answer = answers.refused(request(**{"HX-Request": "true"}), "session_ended")
    assert answer.status_code == 401
    assert answer["HX-Trigger"] == "session-ended"
    assert 'class="rail"' not in answer.content.decode()


def test_whoever_types_the_address_is_led_to_the_door() -> None:
    assert answers.refused(request("/"), "session_ended")["Location"] == "/connexion/"
    came_with_one = request("/")
    came_with_one.COOKIES["egide_session"] = "old"
    assert answers.refused(came_with_one, "session_ended").status_code == 401


def test_statuses() -> None:
    assert answers.keeper_down(request()).status_code == 503
    assert answers.not_found(request()).status_code == 404
    assert answers.bad_request(request()).status_code == 400
    assert answers.bad_request(request(), RequestDataTooBig()).status_code == 413
    assert answers.server_error(request()).status_code == 500
    assert answers.csrf_failure(request()).status_code == 403
    assert answers.alive(request()).status_code == 204


def test_a_fault_shows_the_id_under_which_the_logs_tell_it_and_a_refusal_shows_none() -> None:
    reference = logs.begin_request()
    for answer in (answers.server_error(request()), answers.keeper_down(request())):
        assert reference in answer.content.decode()
    assert reference not in answers.not_found(request()).content.decode()
    assert reference not in answers.refused(request(), "forbidden").content.decode()
    panel = answers.server_error(request(**{"HX-Request": "true"}))
    assert reference in panel.content.decode()


def broken_frame(request: HttpRequest) -> None:
    raise RuntimeError("no base")


def test_an_error_page_survives_a_broken_frame() -> None:
    with override_settings(EGIDE_FRAME=f"{__name__}.broken_frame"):
        _frame_maker.cache_clear()
        import sys

        sys.modules.setdefault(__name__, sys.modules[broken_frame.__module__])
        assert answers.server_error(request()).status_code == 500
