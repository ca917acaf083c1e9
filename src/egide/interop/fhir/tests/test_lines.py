import gzip
import json
import random

import pytest

from egide.interop.fhir import limits
from egide.interop.fhir.fields import Invalid
from egide.interop.fhir.lines import FileRefused, Lines, document, documents


def read(data: bytes, *, whole: bool = False, named_gzip: bool = False, step: int = 7) -> list[tuple[int, object]]:
    lines = Lines(whole=whole, named_gzip=named_gzip)
    found = [item for at in range(0, len(data), step) for item in lines.feed(data[at : at + step])]
    return [*found, *lines.finish()]


def refusal(data: bytes, **how: bool) -> str:
    with pytest.raises(FileRefused) as refused:
        read(data, step=65536, **how)
    return refused.value.code


@pytest.mark.parametrize("step", [2, 7, 4096])
def test_lines_are_numbered_whatever_the_chunks_and_the_last_needs_no_end(step: int) -> None:
    data = b'{"a":1}\n\n{"b":2}\r\n{"c":3}'
    expected = [(1, b'{"a":1}'), (3, b'{"b":2}\r'), (4, b'{"c":3}')]
    assert read(data, step=step) == expected
    assert read(gzip.compress(data), named_gzip=True, step=step) == expected


def test_gzip_is_known_by_its_first_bytes_and_may_have_several_members() -> None:
    data = gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"b":2}\n')
    assert read(data, step=3) == [(1, b'{"a":1}'), (2, b'{"b":2}')]


def test_what_is_not_readable_text_refuses_the_file() -> None:
    assert refusal(b"\x89PNG\r\n\x1a\n\x00\x00") == "binary"
    assert refusal(b"%PDF-1.7\n") == "binary"
    assert refusal(b"") == "empty"
    assert refusal(b'{"a":1}\n', named_gzip=True) == "not_gzip"
    assert refusal(gzip.compress(b'{"a":1}\n' * 1000)[:-9]) == "gzip"
    assert refusal(b"\x1f\x8b" + random.Random(1).randbytes(300)) == "gzip"


def test_a_gzip_that_grows_two_hundred_times_is_refused() -> None:
    bomb = gzip.compress(b" " * (limits.RATIO_FREE + 2 * limits.MIB))
    assert refusal(bomb) == "bomb"


def test_a_line_too_long_is_named_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_LINE", 50)
    found = read(b"x" * 200 + b'\n{"a":1}\n' + b"y" * 51, step=9)
    assert [line for line, _ in found] == [1, 2, 3]
    assert [item.reason for _, item in found if isinstance(item, Invalid)] == ["too_long", "too_long"]


def test_a_document_too_long_refuses_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT", 50)
    assert refusal(b"[" + b"1," * 50, whole=True) == "too_large"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a":', "not_json"),
        (b"{} {}", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (b'{"a": "\xe9"}', "not_utf8"),
        (b"[" * 5000, "too_deep"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "too_deep"),
    ],
)
def test_broken_json_is_told_by_kind(raw: bytes, reason: str) -> None:
    with pytest.raises(Invalid) as invalid:
        document(raw)
    assert invalid.value.reason == reason


def test_a_byte_order_mark_is_no_fault() -> None:
    assert document(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_nesting_up_to_the_limit_reads() -> None:
    assert document(b"[" * 80 + b"]" * 80) is not None


def test_a_json_file_of_several_lines_is_read_line_by_line() -> None:
    raw = b'{"a":1}\n{"b":\n{"c":3}\n'
    found = list(documents(1, raw, whole=True))
    assert [line for line, _, _ in found] == [1, 2, 3]
    assert isinstance(found[1][1], Invalid)
    assert found[2][1] == {"c": 3}


def test_a_broken_bundle_names_the_line_where_it_breaks() -> None:
    raw = json.dumps({"a": [1, 2], "b": 3}, indent=1).replace("3", "?").encode()
    [(line, verdict, _)] = documents(1, raw, whole=True)
    assert line == 6
    assert isinstance(verdict, Invalid)
