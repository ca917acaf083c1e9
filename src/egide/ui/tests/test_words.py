"""Words for codes: every measured parameter has its own, in French and in English."""

import re
from pathlib import Path

import pytest
from django.utils.translation import override

import egide
from egide.kernel.codes import PARAMETERS
from egide.ui.tests.test_catalogue import catalogue, first
from egide.ui.words import MEASURES, word
from egide.ui.words_trail import TRAIL_OBJECTS, TRAIL_VERBS


def test_every_measured_parameter_is_said_in_both_languages() -> None:
    english = {first(one.id) for one in catalogue() if one.id and one.string}
    assert {one.label for one in PARAMETERS} <= MEASURES.keys()
    assert MEASURES.keys() <= english
    with override("fr"):
        assert [word(label, "measure") for label in MEASURES] == list(MEASURES)


@pytest.mark.parametrize(("label", "said"), [("TA", "BP"), ("FR", "RR"), ("Diurèse", "Urine output"), ("?", "?")])
def test_a_parameter_in_english(label: str, said: str) -> None:
    with override("en"):
        assert word(label, "measure") == said


def test_every_act_of_the_trail_has_words() -> None:
    rooms = Path(egide.__file__).parent
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted([*rooms.rglob("*.py"), *rooms.rglob("*.sql")])
        if "tests" not in path.parts and "keeper" not in path.parts
    )
    verbs = set(re.findall(r"""["'](?:record|stays|agenda|orders|identity|interop|rehearsal):(\w+):(\w+)["']""", text))
    assert len(verbs) > 15
    assert {noun for noun, _verb in verbs} <= TRAIL_OBJECTS.keys()
    assert {verb for _noun, verb in verbs} <= TRAIL_VERBS.keys()
