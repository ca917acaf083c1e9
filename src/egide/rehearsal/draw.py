"""Chance that depends on a key only: the same (seed, person, subject) draws the same, whoever was drawn before."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from random import Random
from struct import Struct
from typing import TypeVar

from egide.rehearsal.tables import Weighted

T = TypeVar("T")

_ROUNDS = 4
_MIX = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1
_WORDS = Struct("<16I").unpack
_SCALE = 2.0**-32


class Draw:
    """Draws for one subject: the 32-bit words of BLAKE2b over the key and a count, sixteen at a time.

    A generator of the library would have to be seeded for each subject, which costs ten times as much.
    """

    __slots__ = ("_key", "_left", "_turn")

    def __init__(self, *key: int | str) -> None:
        self._key = "/".join(map(str, key)).encode()
        self._left = iter(_WORDS(blake2b(self._key).digest()))
        self._turn = 0

    def unit(self) -> float:
        """Between 0 and 1, 1 excluded."""
        for word in self._left:
            return float(word * _SCALE)
        self._turn += 1
        self._left = iter(_WORDS(blake2b(b"%b+%d" % (self._key, self._turn)).digest()))
        return float(next(self._left) * _SCALE)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def below(self, size: int) -> int:
        """A whole number from 0, smaller than size."""
        return int(self.unit() * size)

    def between(self, low: float, high: float) -> float:
        """Between low and high."""
        return low + self.unit() * (high - low)

    def normal(self, mean: float, deviation: float) -> float:
        """Of the normal distribution (Box-Muller)."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.unit()))
        return mean + deviation * radius * math.cos(2.0 * math.pi * self.unit())

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[int(self.unit() * len(items))]

    def weighted(self, table: Weighted[T]) -> T:
        """One of the table's items, by weight."""
        at = bisect_right(table.sums, self.unit() * table.sums[-1])
        return table.items[min(at, len(table.items) - 1)]


def shuffle(value: int, size: int, seed: int, name: str) -> int:
    """Where `value` goes in a shuffle of the numbers below `size`: one to one, no list (Feistel, cycle walking)."""
    keys = _keys(seed, name)
    half = _half(size)
    while True:
        value = _feistel(value, half, keys)
        if value < size:
            return value


def _half(size: int) -> int:
    if size < 1:
        raise ValueError("nothing to shuffle")
    return max(1, ((size - 1).bit_length() + 1) // 2)


@lru_cache(maxsize=64)
def _keys(seed: int, name: str) -> tuple[int, ...]:
    random = Random(f"{seed}/shuffle/{name}").random
    return tuple(int(random() * _WORD) for _ in range(_ROUNDS))


def _turn(value: int, key: int, mask: int) -> int:
    mixed = ((value + 1) * _MIX ^ key) & _WORD
    mixed = (mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9 & _WORD
    return (mixed ^ (mixed >> 29)) & mask


def _feistel(value: int, half: int, keys: tuple[int, ...]) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for key in keys:
        left, right = right, left ^ _turn(right, key, mask)
    return left << half | right
