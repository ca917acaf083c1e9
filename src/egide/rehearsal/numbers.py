"""Numbers of the demo: shaped like the real ones, valid keys, none of them anybody's."""

from egide.rehearsal.draw import shuffle

INS_TEST_OID = "1.2.250.1.213.1.4.10"
_MOST = 990 * 999

# Ranges ARCEP keeps for fiction, by the zone of the first two digits (a mobile is 06). Ten thousand numbers each.
_RANGES = {"01": "01 99 00", "02": "02 61 91", "03": "03 53 01", "04": "04 65 71", "05": "05 36 49", "06": "06 39 98"}
_RANGE = 10_000


def luhn(digits: str) -> str:
    """The digits with their Luhn key (RPPS, FINESS)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{digits}{-total % 10}"


def ins(seed: int, index: int, sex: str, year: int, month: int, department: str) -> str:
    """An INS-shaped number of 15 characters, one of a kind below 989,010 people.

    Sex, year, month and department are the person's; the six digits that name commune and order in a real one are
    drawn, so that it says nothing more and cannot be computed from the place of birth.
    Key: 97 − (number mod 97), 2A as 19, 2B as 18.
    """
    if index >= _MOST:
        raise ValueError(f"no more than {_MOST} test numbers")
    rank = shuffle(index, _MOST, seed, "ins")
    body = f"{1 if sex == 'M' else 2}{year % 100:02}{month:02}{department}{rank // 999 + 1:03}{rank % 999 + 1:03}"
    number = int(body.replace("2A", "19", 1).replace("2B", "18", 1)) if department in ("2A", "2B") else int(body)
    return f"{body}{97 - number % 97:02}"


def ipp(seed: int, index: int) -> str:
    """The permanent number of the group: nine digits, one of a kind."""
    return f"8{shuffle(index, 10**8, seed, 'ipp'):08}"


def nda(seed: int, index: int, rank: int) -> str:
    """The number of one stay (ten digits), one of a kind for eight stays a person."""
    return f"5{shuffle(index * 8 + rank, 10**9, seed, 'nda'):09}"


def phone(seed: int, zone: str, slot: int) -> str:
    """A number of the fiction ranges; one of a kind while slots stay below 10,000 a zone, then they come again."""
    last = shuffle(slot % _RANGE, _RANGE, seed, f"phone{zone}")
    return f"{_RANGES[zone]} {last // 100:02} {last % 100:02}"


def mail_number(seed: int, slot: int) -> int:
    """Seven digits that make an e-mail one of a kind."""
    return 1_000_000 + shuffle(slot, 9_000_000, seed, "mail")
