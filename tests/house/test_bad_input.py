"""Every address, asked and sent anything: a sentence that says what to do, never a fault or a trace."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from egide.gate.tests.browser import Browser
from egide.gate.tests.factories import Hospital

SOURCE = Path(__file__).resolve().parents[2] / "src" / "egide"
Browse = Callable[..., Browser]

TEXTS = [
    "",
    "\x00",
    "a\x00b",
    "é" * 300,
    "🙂" * 50,
    "'; DROP TABLE x; --",
    "<script>x</script>",
    "{{7*7}}",
    "9" * 60,
    "-1",
    "NaN",
]
# What JSON carries and PostgreSQL keeps nowhere: a null character, half of a pair of UTF-16.
UNWRITABLE = ["\x00", "a\x00b", "\ud800", "a\udfffb"]
SIGN_IN = ("challenge_id", "response", "device_key")
# What lets a body of the right shape go further than its first check.
ASKED: dict[str, dict[str, Any]] = {
    "/dossier/<uuid:patient>/acceder/urgence/defi/": {"reason": "vital_emergency"},
    "/dossier/<uuid:patient>/acceder/urgence/preuve/": {"act": uuid4().hex},
    "/connexion/preuve/": {"device_key": "A" * 87, "response": {"id": "\ud800"}},
}
JSONS: list[Any] = [None, 1, [[[]]], {}, {"x": {"y": [None]}}]
BODIES = [b"", b"\xff\xfe", b"[" * 50_000, b"=&=&;%"]
NUMBERS = [0, 1, 2**31, 2**63 - 1, 2**63, 2**64, 10**40]
WHO = ("physician", "dpo")


@functools.cache
def field_names() -> list[str]:
    """Every field that some view reads: from the code itself, so that a new one is tried too."""
    names = {"csrfmiddlewaretoken"}
    for path in SOURCE.rglob("*.py"):
        if "tests" not in path.relative_to(SOURCE).parts:
            code = path.read_text(encoding="utf-8")
            names |= set(re.findall(r"""(?:POST|GET)(?:\.get(?:list)?\(|\[)["'](\w+)""", code))
            names |= set(re.findall(r"""typed\[["'](\w+)""", code))
            if path.name.endswith("forms.py"):
                names |= set(re.findall(r"^    (\w+) = ", code, re.MULTILINE))
    return sorted(names)


def addresses() -> list[str]:
    """Every address of routes.txt but what serves files, as written there."""
    lines = Path(__file__).with_name("routes.txt").read_text(encoding="utf-8").splitlines()
    found = [line.split(" | ")[0] for line in lines if line.startswith("/")]
    return [one for one in found if "statique" not in one and "favicon" not in one]


def fill(address: str, patient: object, unit: object, number: int = 1) -> str:
    """The address with a patient, a unit, another id and a number of this base."""
    filled = address.replace("<uuid:patient>", str(patient)).replace("<uuid:unit>", str(unit))
    filled = (
        filled.replace("<slug:fact>", "measurement").replace("<slug:word>", "cle").replace("<slug:kind>", "imaging")
    )
    return re.sub(r"<int:\w+>", str(number), re.sub(r"<uuid:\w+>", str(uuid4()), filled))


@pytest.fixture(scope="module")
def ward(hospital: Hospital) -> tuple[object, object]:
    """A patient and her unit."""
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="JAMAISDIT", first_name="Jamaisdite")
    return patient.id, unit


def browsers(hospital: Hospital, browser: Browse, unit: Any) -> Iterator[tuple[str | None, Browser]]:
    """One of each, signed in anew; faults come back as pages."""
    for profession in WHO:
        page = browser(hospital.signed_in(profession, unit)[1] if profession else None)
        page.client.raise_request_exception = False
        yield profession, page


def sane(answer: Any, told: object) -> None:
    """No fault, no trace, nothing kept, in a sentence."""
    body = answer.content.decode("utf-8", "replace")
    assert answer.status_code < 500, (told, answer.status_code)
    assert "Traceback" not in body, told
    assert answer["Cache-Control"] == "no-store", told
    if answer.status_code >= 400:
        assert "JAMAISDIT" not in body or answer.status_code == 422, told
        assert len(body) > 40 or answer.status_code in {401, 405}, (told, body)


@pytest.mark.parametrize("address", addresses())
def test_whoever_asks_gets_an_answer(
    hospital: Hospital, browser: Browse, ward: tuple[object, object], address: str
) -> None:
    patient, unit = ward
    numbers = NUMBERS if "<int" in address else NUMBERS[:1]
    for profession, page in browsers(hospital, browser, unit):
        for path in {fill(address, patient, unit, number) for number in numbers} | {fill(address, uuid4(), uuid4())}:
            sane(page.get(path, htmx=True, Sec_Fetch_Site="none"), (profession, path))
        for text in TEXTS[1:4]:
            path = fill(address, patient, unit)
            query = "&".join(f"{name}={{}}" for name in field_names()).replace("{}", json.dumps(text)[1:-1])
            sane(page.get(f"{path}?{query[:3000]}", Sec_Fetch_Site="none"), (profession, path, text))


@pytest.mark.parametrize("address", addresses())
def test_whatever_is_sent_gets_an_answer(
    hospital: Hospital, browser: Browse, ward: tuple[object, object], address: str
) -> None:
    patient, unit = ward
    names = field_names()
    for profession, page in browsers(hospital, browser, unit):
        for number in NUMBERS if "<int" in address else NUMBERS[:1]:
            sane(page.post(fill(address, patient, unit, number)), (profession, address, number))
        path = fill(address, patient, unit)
        for text in TEXTS:
            sane(page.post(path, dict.fromkeys(names, text)), (profession, path, text))
        for text in [*TEXTS[::3], *UNWRITABLE]:
            sane(page.post_json(path, dict.fromkeys(names, text)), (profession, path, text))
        for value in JSONS:
            sane(page.post_json(path, dict.fromkeys(names, value)), (profession, path, value))
        for body in BODIES:
            sane(page.post_raw(path, body), (profession, path, body[:20]))


def text_of_itself(text: str) -> dict[str, Any]:
    return {"id": text, text: [text]}


def number_of_none(_text: str) -> dict[str, Any]:
    return {"id": 10**40, "deep": functools.reduce(lambda inside, _: [inside], range(900), [])}


@functools.cache
def shapes() -> list[dict[str, str]]:
    """The bodies in JSON that views take, as the code names them: each field with its type."""
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if "tests" not in path.parts)
    found = re.findall(r"typed_json\(request, \{(.+?)\}\)", code)
    return [dict(re.findall(r'"(\w+)": (\w+)', fields)) for fields in found] + [dict.fromkeys(SIGN_IN, "str")]


@pytest.mark.parametrize("address", addresses())
def test_what_a_body_of_the_right_shape_may_carry_gets_an_answer(
    hospital: Hospital, browser: Browse, ward: tuple[object, object], address: str
) -> None:
    patient, unit = ward
    page = next(browsers(hospital, browser, unit))[1]
    path = fill(address, patient, unit)
    for shape in shapes():
        for text, odd in zip(UNWRITABLE, (text_of_itself, number_of_none, text_of_itself, number_of_none), strict=True):
            values: dict[str, Any] = {"str": text, "dict": odd(text)}
            known = {name: value for name, value in ASKED.get(address, {}).items() if name in shape}
            body = {name: values[kind] for name, kind in shape.items()} | known
            sane(page.post_json(path, body), (path, body))


@pytest.mark.parametrize("address", addresses())
def test_nobody_gets_in_without_a_session(browser: Browse, ward: tuple[object, object], address: str) -> None:
    """But for the pages that routes.txt calls public."""
    public = {
        "/cle/",
        "/cle/defi/",
        "/cle/preuve/",
        "/connexion/",
        "/connexion/defi/",
        "/connexion/preuve/",
        "/connexion/secours/",
        "/connexion/poste/",
        "/connexion/poste/preuve/",
        "/deconnexion/",
        "/sante/",
    }
    page, path = browser(), fill(address, *ward)
    for answer in (page.get(path), page.post(path)):
        if address not in public and answer.status_code != 405:
            led_to_sign_in = answer.status_code == 302 and answer["Location"] == "/connexion/"
            assert answer.status_code in {401, 403} or led_to_sign_in, (path, answer.status_code)
            assert "JAMAISDIT" not in answer.content.decode()


def test_the_fields_tried_are_those_of_the_code() -> None:
    assert {"bp", "pulse", "comment", "unit", "account", "verdict", "reason", "words", "response", "suite"} <= set(
        field_names()
    )
    assert len(addresses()) > 15
    assert {"reason": "str", "words": "str"} in shapes()
    assert len(shapes()) > 8
