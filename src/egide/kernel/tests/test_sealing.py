"""A sealed value opens in its own row, column, patient, category and key version, and nowhere else."""

import secrets
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.kernel import sealing
from egide.kernel.sealing import CannotUnseal, associated, patient_key, seal, unseal

MASTER = secrets.token_bytes(32)
PATIENT, ROW = uuid4(), uuid4()
HERE = ("identity_trait", "sealed", ROW, "identity")


def keys(category: str = "identity", patient: UUID = PATIENT, *versions: int) -> dict[int, bytes]:
    return {version: patient_key(bytes((version,)) + MASTER[1:], category, patient) for version in versions or (1,)}


@given(st.binary(max_size=2000))
def test_what_was_sealed_opens_in_its_place(plaintext: bytes) -> None:
    assert unseal(keys(), seal(keys(), plaintext, associated(*HERE)), associated(*HERE)) == plaintext


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("identity_contact", "sealed", ROW, "identity"),
        ("identity_trait", "other", ROW, "identity"),
        ("identity_trait", "sealed", uuid4(), "identity"),
        ("identity_trait", "sealed", ROW, "contact"),
        ("identity_traitsealed", "", ROW, "identity"),
        ("identity", "trait\x00sealed", ROW, "identity"),
    ],
)
def test_it_opens_nowhere_else(elsewhere: tuple[Any, ...]) -> None:
    sealed = seal(keys(), b"DURAND", associated(*HERE))
    with pytest.raises(CannotUnseal):
        unseal(keys(), sealed, associated(*elsewhere))


def test_it_opens_with_no_other_key() -> None:
    sealed = seal(keys(), b"DURAND", associated(*HERE))
    for other in (keys("contact"), keys("identity", uuid4()), {1: secrets.token_bytes(32)}, {2: keys()[1]}, {}):
        with pytest.raises(CannotUnseal):
            unseal(other, sealed, associated(*HERE))


@given(st.data())
def test_one_bit_changed_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(seal(keys(), b"DURAND Jeanne", associated(*HERE)))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(CannotUnseal):
        unseal(keys() | {257: keys()[1]}, bytes(sealed), associated(*HERE))


@given(st.binary(max_size=80))
def test_what_was_never_sealed_is_refused(garbage: bytes) -> None:
    with pytest.raises(CannotUnseal):
        unseal(keys(), garbage, associated(*HERE))


def test_two_versions_live_together_and_the_newest_seals() -> None:
    """A rotation: both are opened, old values still open, new ones carry the new version; then the old one goes."""
    old, both, new = keys("identity", PATIENT, 1), keys("identity", PATIENT, 1, 2), keys("identity", PATIENT, 2)
    before = seal(old, b"a", associated(*HERE))
    during = seal(both, b"b", associated(*HERE))
    assert (before[1:3], during[1:3]) == (b"\x00\x01", b"\x00\x02")
    assert (unseal(both, before, associated(*HERE)), unseal(both, during, associated(*HERE))) == (b"a", b"b")
    assert unseal(new, during, associated(*HERE)) == b"b"
    with pytest.raises(CannotUnseal, match="version"):
        unseal(new, before, associated(*HERE))


def test_the_version_in_the_header_cannot_be_changed() -> None:
    """Even by one who makes both versions the same key."""
    sealed = bytearray(seal(keys(), b"a", associated(*HERE)))
    sealed[2] = 2
    with pytest.raises(CannotUnseal):
        unseal({1: keys()[1], 2: keys()[1]}, bytes(sealed), associated(*HERE))


def test_equal_values_do_not_look_equal() -> None:
    assert len({seal(keys(), b"F", associated(*HERE)) for _ in range(50)}) == 50


def test_keys_differ_by_patient_category_and_master() -> None:
    made = {
        patient_key(master, category, patient)
        for master in (MASTER, bytes(32))
        for category in ("identity", "contact", "ins", "clinical")
        for patient in (PATIENT, ROW)
    }
    assert len(made) == 16
    assert {len(key) for key in made} == {32}


def test_a_key_is_one_block_of_hkdf_expand() -> None:
    """RFC 5869 §2.3, by another library."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    info = b"egide/seal/identity/" + PATIENT.bytes
    assert patient_key(MASTER, "identity", PATIENT) == HKDFExpand(SHA256(), 32, info).derive(MASTER)


def test_the_overhead_is_31_bytes() -> None:
    assert len(seal(keys(), b"", associated(*HERE))) == 31
    assert sealing.FORMAT == 1
