"""Both sides of the count of refused keys."""

from uuid import uuid4

from egide.keeper.tries import TRIES, WINDOW, Tries


def test_past_the_limit_and_not_before_it() -> None:
    tries, account = Tries(lambda: 0.0), uuid4()
    assert [tries.refused(account, b"a") for _ in range(TRIES)] == [False] * TRIES
    assert tries.refused(account, b"a")


def test_another_device_or_account_is_another_count() -> None:
    tries, account = Tries(lambda: 0.0), uuid4()
    for _ in range(TRIES):
        tries.refused(account, b"a")
    assert not tries.refused(account, b"b")
    assert not tries.refused(uuid4(), b"a")
    assert tries.refused(account, b"a")


def test_a_quarter_of_an_hour_later_it_begins_again() -> None:
    now = [0.0]
    tries, account = Tries(lambda: now[0]), uuid4()
    for _ in range(TRIES):
        tries.refused(account, b"a")
    now[0] = WINDOW - 0.1
    assert tries.refused(account, b"a")
    now[0] = WINDOW * 2
    assert not tries.refused(account, b"a")


def test_a_key_of_nobody_s_is_not_counted() -> None:
    tries = Tries(lambda: 0.0)
    assert not any(tries.refused(None, b"") for _ in range(TRIES * 2))
