"""The tree against Certificate Transparency's reference vectors, its proofs against every small tree and every lie."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.kernel import merkle
from egide.kernel.leaf import entry_leaf
from egide.kernel.merkle import Frontier

# merkletree test data of google/certificate-transparency: inputs and the roots of the first n
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

sizes = st.integers(1, 130)


def leaves(n: int) -> list[bytes]:
    return [sha256(b"%d" % at).digest() for at in range(n)]


def defined_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return merkle.node(defined_root(hashes[:half]), defined_root(hashes[half:]))


@pytest.mark.parametrize("n", range(1, 9))
def test_roots_are_those_of_certificate_transparency(n: int) -> None:
    hashes = [entry_leaf(b"", bytes.fromhex(one)) for one in INPUTS[:n]]
    assert merkle.root(hashes).hex() == ROOTS[n - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == sha256(b"").digest()


@given(sizes)
def test_a_growing_frontier_has_the_defined_root(n: int) -> None:
    assert merkle.root(leaves(n)) == defined_root(leaves(n))


@given(sizes, sizes)
def test_a_frontier_is_taken_up_from_its_bytes(first: int, more: int) -> None:
    frontier = Frontier()
    for leaf in leaves(first + more)[:first]:
        frontier.append(leaf)
    again = Frontier.from_bytes(frontier.to_bytes())
    for leaf in leaves(first + more)[first:]:
        again.append(leaf)
    assert (again.size, again.root()) == (first + more, merkle.root(leaves(first + more)))


@given(st.binary(max_size=120))
def test_bytes_that_are_no_frontier_are_refused_or_whole(data: bytes) -> None:
    try:
        frontier = Frontier.from_bytes(data)
    except ValueError:
        return
    assert frontier.to_bytes() == data


@given(sizes, st.data())
def test_a_leaf_is_proven_where_it_stands_and_nowhere_else(n: int, data: st.DataObject) -> None:
    hashes, top = leaves(n), merkle.root(leaves(n))
    at = data.draw(st.integers(0, n - 1))
    proof = merkle.inclusion_proof(hashes, at)
    assert merkle.verify_inclusion(hashes[at], at, n, proof, top)
    other = data.draw(st.integers(0, n - 1).filter(lambda index: index != at)) if n > 1 else n
    assert not merkle.verify_inclusion(hashes[at], other, n, proof, top)
    assert not merkle.verify_inclusion(sha256(b"forged").digest(), at, n, proof, top)
    assert not merkle.verify_inclusion(hashes[at], at, n, [*proof, top], top)
    if proof:
        assert not merkle.verify_inclusion(hashes[at], at, n, proof[:-1], top)
        forged = list(proof)
        forged[data.draw(st.integers(0, len(proof) - 1))] = sha256(b"forged").digest()
        assert not merkle.verify_inclusion(hashes[at], at, n, forged, top)


@given(sizes, st.data())
def test_a_tree_is_proven_to_extend_an_earlier_one_and_not_a_fork_of_it(n: int, data: st.DataObject) -> None:
    hashes = leaves(n)
    first = data.draw(st.integers(1, n))
    proof = merkle.consistency_proof(hashes, first)
    old, new = merkle.root(hashes[:first]), merkle.root(hashes)
    assert merkle.verify_consistency(first, n, old, new, proof)
    forked = list(hashes)
    forked[data.draw(st.integers(0, first - 1))] = sha256(b"forged").digest()
    assert not merkle.verify_consistency(first, n, old, merkle.root(forked), merkle.consistency_proof(forked, first))
    assert not merkle.verify_consistency(first, n, merkle.root(forked[:first]), new, proof)
    assert not merkle.verify_consistency(first, n, old, new, [*proof, new])
    if proof:
        assert not merkle.verify_consistency(first, n, old, new, proof[:-1])


@given(st.integers(-3, 20), st.integers(-3, 20), st.lists(st.binary(min_size=32, max_size=32), max_size=6))
def test_random_proofs_are_refused_and_never_crash(first: int, second: int, proof: list[bytes]) -> None:
    one, two = sha256(b"one").digest(), sha256(b"two").digest()
    assert not merkle.verify_consistency(first, second, one, two, proof)
    assert not merkle.verify_inclusion(one, first, second, proof, two)


def test_proofs_of_what_does_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(leaves(3), 3)
    with pytest.raises(ValueError, match="no such earlier tree"):
        merkle.consistency_proof(leaves(3), 0)
