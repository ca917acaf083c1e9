"""Codes of thirty seconds: RFC 6238's own values, one step either side, and no step twice."""

import pytest

from egide.kernel import totp

SECRET = b"12345678901234567890"
AT = 1_111_111_109


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
     (2_000_000_000, "279037"), (20_000_000_000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(at: int, code: str) -> None:
    assert totp.code_at(SECRET, at) == code
    assert totp.matching_step(SECRET, code, at) == at // 30


@pytest.mark.parametrize(("late", "fits"), [(-31, False), (-30, True), (0, True), (30, True), (59, True), (60, False)])
def test_a_clock_may_be_one_step_early_or_late(late: int, fits: bool) -> None:
    begin = AT // 30 * 30
    code = totp.code_at(SECRET, begin)
    assert (totp.matching_step(SECRET, code, begin + late) is not None) is fits


def test_a_step_serves_once_and_none_before_it() -> None:
    step = AT // 30
    code, before = totp.code_at(SECRET, AT), totp.code_at(SECRET, AT - 30)
    assert totp.matching_step(SECRET, code, AT, after=step - 1) == step
    assert totp.matching_step(SECRET, code, AT, after=step) is None
    assert totp.matching_step(SECRET, before, AT, after=step - 1) is None


@pytest.mark.parametrize("typed", ["", "08180", "0818044", "08180a", " 81804", "٠٨١٨٠٤", "081804\n", "-81804"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, AT) is None


def test_an_authenticator_reads_the_name_and_the_secret() -> None:
    found = totp.address(SECRET, "c.martin")
    assert found.startswith("otpauth://totp/")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in found
    assert "c.martin" in found
    assert len({totp.new_secret() for _ in range(20)}) == 20
