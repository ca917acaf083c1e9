"""A bundle's resources, found where they stand."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from egide.interop.fhir.lines import document, resources

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def test_the_bytes_are_those_of_the_file() -> None:
    raw = b' {"resourceType" : "Bundle",\n "entry":[ {"fullUrl":"x", "resource" : {"a":  1.50 , "b":"\\u00e9"} },{ } ]}'
    assert resources(raw) == [b'{"a":  1.50 , "b":"\\u00e9"}', b""]


def test_of_a_name_that_stands_twice_the_last_counts_as_for_the_parser() -> None:
    raw = b'{"entry":[{"resource":{"a":1}}],"entry":[{"resource":{"b":1},"resource":{"c":1}}]}'
    assert resources(raw) == [b'{"c":1}']
    assert [entry["resource"] for entry in document(raw)["entry"]] == [{"c": 1}]


@given(st.lists(st.dictionaries(st.sampled_from(["resource", "fullUrl", "é"]), _VALUES, max_size=3), max_size=4))
def test_each_span_reads_as_what_the_parser_found(entries: list[dict[str, Any]]) -> None:
    raw = json.dumps({"a": [{"entry": [{"resource": 9}]}], "entry": entries, "z": "]}"}).encode()
    spans = resources(raw)
    assert len(spans) == len(entries)
    for span, entry in zip(spans, entries, strict=True):
        assert (json.loads(span) if span else None) == entry.get("resource")
        assert bool(span) == ("resource" in entry)
