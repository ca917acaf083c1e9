"""What may be typed into the vital signs, and how it is understood."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

pytestmark = pytest.mark.usefixtures("django")


def form(**typed: str) -> Any:
    from egide.record.forms import VitalSigns

    return VitalSigns(typed)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ({"bp": "142/81"}, {"systolic": 142, "diastolic": 81}),
        ({"bp": " 142 / 81 "}, {"systolic": 142, "diastolic": 81}),
        ({"bp": "142 81"}, {"systolic": 142, "diastolic": 81}),
        ({"bp": "142-81"}, {"systolic": 142, "diastolic": 81}),
        ({"temperature": "37,2"}, {"temperature": Decimal("37.2")}),
        ({"temperature": "37.2"}, {"temperature": Decimal("37.2")}),
        ({"weight": "0,2"}, {"weight": Decimal("0.2")}),
        ({"pain": "0"}, {"pain": 0}),
        ({"pulse": "80", "spo2": "97", "comment": "au repos"}, {"pulse": 80, "spo2": 97}),
    ],
)
def test_french_typing_is_understood(typed: dict[str, str], understood: dict[str, Any]) -> None:
    filled = form(**typed)
    assert filled.is_valid(), filled.errors
    assert filled.values() == understood


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("bp", "142"), ("bp", "142/"), ("bp", "14281"), ("bp", "142/81/60"), ("bp", "abc"), ("bp", "1e2/81"),
        ("bp", "-142/81"),
        ("bp", "81/142"), ("bp", "400/81"), ("bp", "142/81x"),
        ("bp", "١٤٢/٨١"),
        ("pulse", "14"), ("pulse", "301"), ("pulse", "-80"), ("pulse", "80 bpm"), ("pulse", "1e2"), ("pulse", "NaN"),
        ("pulse", "Infinity"), ("pulse", "8 0"), ("pulse", "٨٠"), ("pulse", "80,"), ("pulse", ",5"),
        ("pulse", "80,12345"),
        ("temperature", "24,9"), ("temperature", "45,1"), ("temperature", "37,2,1"), ("temperature", "3720"),
        ("spo2", "101"), ("spo2", "29"), ("respiratory_rate", "91"), ("pain", "11"), ("pain", "-1"),
        ("weight", "0,1"),
        ("weight", "501"), ("height", "261"), ("height", "19"), ("comment", "x" * 501),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(field: str, typed: str) -> None:
    other = "pulse" if field != "pulse" else "spo2"
    filled = form(**{field: typed, other: "80"})
    assert not filled.is_valid()
    assert list(filled.errors) == [field]
    sentence = filled.errors[field][0]
    assert sentence.endswith(".")
    assert len(sentence) > 15


@pytest.mark.parametrize(
    ("language", "typed", "words"),
    [
        ("fr", "301/80", "systolique attendue entre 30 et 300, diastolique entre 10 et 200 mmHg"),
        ("en", "301/80", "systolic expected between 30 and 300, diastolic between 10 and 200 mmHg"),
        ("fr", "81/142", "La première valeur (systolique) doit dépasser la seconde"),
        ("en", "81/142", "The first value (systolic) must exceed the second"),
    ],
)
def test_an_impossible_pressure_is_explained_in_the_language_of_the_page(language: str, typed: str, words: str) -> None:
    with override(language):
        assert words in form(bp=typed).errors["bp"][0]


@pytest.mark.parametrize("field", ["bp", "pulse", "temperature", "comment"])
@pytest.mark.parametrize(
    "typed",
    ["\x00", "80\x00", "🙂", "<script>alert(1)</script>", "'; DROP TABLE x; --", "x" * 200, "%s", "{{7*7}}"],
)
def test_odd_letters_are_refused_or_kept_as_letters(field: str, typed: str) -> None:
    filled = form(**{field: typed})
    assert not filled.is_valid()
    if field == "comment" and "\x00" not in typed:
        assert list(filled.errors) == ["__all__"]  # a comment alone is no reading


def test_an_empty_form_asks_for_a_value() -> None:
    for typed in ({}, {"bp": ""}, {"comment": "rien"}, {"pulse": "   "}):
        filled = form(**typed)
        assert not filled.is_valid()
        assert "au moins une valeur" in filled.non_field_errors()[0]


def test_fields_that_are_not_of_the_form_are_not_taken() -> None:
    filled = form(pulse="80", patient_id="x", author="x", category="protected", taken_at="2020-01-01")
    assert filled.is_valid()
    assert set(filled.cleaned_data) == set(filled.fields)
    assert filled.values() == {"pulse": 80}
