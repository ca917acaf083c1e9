"""Fields for French typing."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from egide.ui.fields import CommaDecimalField, PairField


def test_comma_and_point_are_one() -> None:
    field = CommaDecimalField()
    assert field.clean("37,2") == field.clean(" 37.2 ") == Decimal("37.2")
    assert field.clean("") is None


@pytest.mark.parametrize("typed", ["abc", "1e5", "-3", "NaN", "١٢", "1,2,3", "37\0", "'; --", "1" * 30])
def test_nothing_else_is_a_number(typed: str) -> None:
    with pytest.raises(ValidationError):
        CommaDecimalField().clean(typed)


def test_bounds_are_told_in_the_unit() -> None:
    field = CommaDecimalField(minimum=Decimal("0.2"), maximum=Decimal(400), unit="kg")
    assert field.clean("0,2") == Decimal("0.2")
    with pytest.raises(ValidationError, match="entre 0,2 et 400 kg"):
        field.clean("400,1")


def test_a_pair_in_one_field() -> None:
    field = PairField()
    assert (
        field.clean("142/81")
        == field.clean("142 81")
        == field.clean("142-81")
        == field.clean(" 142 / 81 ")
        == (142, 81)
    )
    assert field.clean("") is None
    for typed in ("142", "142/", "/81", "142/81/60", "abc/def", "1420/81", "142/8\0"):
        with pytest.raises(ValidationError):
            field.clean(typed)
