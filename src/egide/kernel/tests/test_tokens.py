"""Blind tokens: what meets, what must not, and how many there are."""

from datetime import date

import pytest

from egide.kernel import phonetics
from egide.kernel.tokens import Blinder, Traits, plain_number, plain_phone

BLIND = Blinder(b"k" * 32)
DAY = date(1952, 3, 12)
JEANNE = Traits(
    names=("LEFEBVRE", "MARTIN-DURAND"), firsts=("JEANNE",), births=(DAY,), ins=("252034410900123",), ipp=("8123",),
    phones=("06 39 98 00 42",),
)  # fmt: skip


def asked(name: str, first: str, day: date) -> set[int]:
    return set(BLIND.of_search(phonetics.forms(name), phonetics.forms(first), day))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Lefevre", "Jeanne"), ("Durand", ""), ("mar", ""), ("Jeanne", "Lefebvre"), ("Martin Durand", "Jane"),
        ("", "jeann"),
    ],
)  # fmt: skip
def test_what_people_type_of_somebody_meets_her_tokens(name: str, first: str) -> None:
    assert asked(name, first, DAY) & set(BLIND.of_person(JEANNE, b"1"))


def test_another_date_or_another_key_meets_nothing() -> None:
    own = set(BLIND.of_person(JEANNE, b"1"))
    assert not asked("Lefebvre", "", date(1952, 3, 13)) & own
    assert not set(Blinder(b"l" * 32).of_person(JEANNE, b"1")) & own


def test_the_year_or_the_day_alone_still_meets_by_both_names() -> None:
    own = set(BLIND.of_person(JEANNE, b"1"))
    assert asked("Lefebvre", "Jeanne", date(1952, 8, 1)) & own  # the year
    assert asked("Lefebvre", "Jeanne", date(1977, 3, 12)) & own  # day and month
    assert set(BLIND.of_year(phonetics.forms("jeanne"), phonetics.forms("Lefèvre"), 1952)) <= own


def test_tokens_are_sorted_padded_and_the_same_twice() -> None:
    one = BLIND.of_person(JEANNE, b"1")
    assert one == sorted(one) == BLIND.of_person(JEANNE, b"1")
    assert len(one) % 4 == 0
    assert len(BLIND.of_person(Traits(), b"1")) == 8
    assert len(set(one) - set(BLIND.of_person(JEANNE, b"2"))) == len(one) - 15  # only the blanks differ


def test_no_kind_meets_another_on_the_same_text() -> None:
    assert BLIND.number("INS", "123456") != BLIND.number("IPP", "123456")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("06 39 98 00 42", "0639980042"),
        ("+33 6 39 98 00 42", "0639980042"),
        ("0033639980042", "0639980042"),
        ("12", ""),
    ],
)
def test_a_phone_is_its_national_digits(typed: str, plain: str) -> None:
    assert plain_phone(typed) == plain


def test_a_number_is_its_letters_and_digits() -> None:
    assert plain_number("2 52 03 2A 109 001 23") == "252032A10900123"


def test_traits_of_another_shape_are_refused() -> None:
    for raw in ({"name": "X"}, {"birth_date": "12/03/1952"}, {"ipp": [1]}, {"phones": ["x" * 500]}):
        with pytest.raises((ValueError, TypeError)):
            Traits.parse(raw)
