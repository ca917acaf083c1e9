"""A line of a log is JSON, tells ids and codes, and repeats nothing that was typed or read."""

import io
import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest

from egide.kernel import logs

PLANTED = "Zylberquist, 12 rue des Lilas"
SOMEBODY = UUID("2052da46-c9fa-519e-b2da-b09c64bc0a58")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter())
    loggers = [logging.getLogger(name) for name in ("egide.test", "library.test")]
    for one in loggers:
        one.addHandler(handler)
        one.propagate = False
        one.setLevel(logging.INFO)
    yield out
    for one in loggers:
        one.removeHandler(handler)
        one.propagate = True


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_numbers_ids_and_codes_are_told_and_words_are_not(written: io.StringIO) -> None:
    logging.getLogger("egide.test").warning("verb %s: %s at %s for %s", "open", 42, PLANTED, SOMEBODY)
    (line,) = lines(written)
    assert line["event"] == f"verb open: 42 at • for {SOMEBODY}"
    assert (line["level"], line["logger"]) == ("warning", "egide.test")
    assert str(line["at"]).endswith("Z")


def test_of_a_library_only_its_own_sentence_is_kept(written: io.StringIO) -> None:
    logging.getLogger("library.test").error("cannot read %s", PLANTED)
    assert [line["event"] for line in lines(written)] == ["cannot read %s"]


def test_a_fault_is_its_kind_and_its_places_never_its_message(written: io.StringIO) -> None:
    try:
        raise ValueError(PLANTED)
    except ValueError:
        logging.getLogger("egide.test").exception("fault")
        logging.getLogger("library.test").exception("fault")
    for line in lines(written):
        assert line["fault"] == "ValueError"
        assert any("test_logs.py" in str(frame) for frame in line["frames"])  # type: ignore[attr-defined]
    assert "Zylberquist" not in written.getvalue()


def test_lines_of_one_request_bear_its_id_and_the_next_another(written: io.StringIO) -> None:
    first = logs.begin_request()
    logging.getLogger("egide.test").info("one")
    second = logs.begin_request()
    logging.getLogger("egide.test").info("two")
    assert [line["request"] for line in lines(written)] == [first, second]
    assert first != second


def test_a_line_feed_in_a_word_makes_no_second_line(written: io.StringIO) -> None:
    logging.getLogger("egide.test").info("said %s", "a\nb")
    logging.getLogger("library.test").info("a\nb")
    assert len(lines(written)) == 2
