"""Words for codes: every measured parameter has its own, in French and in English."""

import pytest
from django.utils.translation import override

from egide.kernel.codes import PARAMETERS
from egide.ui.tests.test_catalogue import catalogue, first
from egide.ui.words import MEASURES, word


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
