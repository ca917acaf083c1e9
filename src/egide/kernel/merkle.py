"""Merkle tree of the trail, as RFC 6962 §2.1 hashes it: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

Proofs are built and checked by the algorithms of RFC 9162 §2.1.3 and §2.1.4. Every hash here is 32 bytes of SHA-256.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to add leaves and to tell the root, in 32 bytes a level.

    `peaks[0]` is the root of the largest complete subtree. A frontier read from a file is proven by its root.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_SIZE for peak in peaks):
            raise ValueError("a frontier holds one hash for each bit of its size")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        size = self.size
        while size & 1:
            leaf = node(self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The tree's root; SHA-256 of nothing for the empty tree."""
        if not self.peaks:
            return EMPTY_ROOT
        top = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            top = node(peak, top)
        return top

    def to_bytes(self) -> bytes:
        """Size (8 bytes, big endian), then the peaks."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Refuses (ValueError) what `to_bytes` cannot have written."""
        body = data[8:]
        if len(data) < 8 or len(body) % HASH_SIZE:
            raise ValueError("not a frontier")
        peaks = [body[at : at + HASH_SIZE] for at in range(0, len(body), HASH_SIZE)]
        return cls(int.from_bytes(data[:8], "big"), peaks)


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below `size` (size ≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The path from leaf `index` to the root, lowest sibling first. Refuses an index outside the tree."""
    if not 0 <= index < len(leaves):
        raise ValueError("no such leaf in this tree")
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root(leaves[:half])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `leaf` stands at `index` in the tree of `size` leaves whose root is `expected` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, here = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            here = node(sibling, here)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            here = node(here, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and here == expected


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The proof that the tree over `leaves` extends the one over `leaves[:first]`. Refuses sizes outside 1 … n."""
    if not 0 < first <= len(leaves):
        raise ValueError("no such earlier tree")
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root(leaves)]
    half = _split(len(leaves))
    if first <= half:
        return [*_subproof(leaves[:half], first, whole=whole), root(leaves[half:])]
    return [*_subproof(leaves[half:], first - half, whole=False), root(leaves[:half])]


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree (second, second_root) only adds leaves to (first, first_root) (RFC 9162 §2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return first_root == second_root and not proof
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node(sibling, old), node(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
