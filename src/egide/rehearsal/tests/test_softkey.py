"""The software key against the library that the keeper verifies with."""

import base64
import json
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)

from egide.kernel.softkey_id import SOFTWARE_AAGUID
from egide.rehearsal.softkey import SoftKey, WrongSite, next_count

ORIGIN = "http://localhost:8400"


@pytest.fixture
def key() -> SoftKey:
    return SoftKey.make("claire.morvan", uuid4(), "localhost")


@pytest.fixture
def server() -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id="localhost", name="Égide"), verify_origin=lambda o: o == ORIGIN)


def begin(server: Fido2Server) -> tuple[dict[str, Any], Any]:
    options, state = server.authenticate_begin(None, UserVerificationRequirement.REQUIRED)
    return {"challenge": websafe_encode(options.public_key.challenge), "rpId": "localhost"}, state


def finish(server: Fido2Server, state: Any, key: SoftKey, response: dict[str, Any]) -> None:
    credential = AttestedCredentialData.create(
        SOFTWARE_AAGUID.bytes, key.credential_id, CoseKey.parse(cast("dict[int, Any]", cbor.decode(key.cose)))
    )
    server.authenticate_complete(state, [credential], AuthenticationResponse.from_dict(response))


def test_an_assertion_is_accepted(server: Fido2Server, key: SoftKey) -> None:
    options, state = begin(server)
    response = key.assertion(options, ORIGIN)
    finish(server, state, key, json.loads(json.dumps(response)))
    parsed = AuthenticationResponse.from_dict(response)
    assert parsed.response.user_handle == key.account.bytes
    assert parsed.response.authenticator_data.is_user_verified()


def test_without_user_verification_it_is_refused(server: Fido2Server, key: SoftKey) -> None:
    options, state = begin(server)
    with pytest.raises(ValueError, match=r"(?i)verif"):
        finish(server, state, key, key.assertion(options, ORIGIN, verified=False))


def test_another_origin_is_refused(server: Fido2Server, key: SoftKey) -> None:
    options, state = begin(server)
    with pytest.raises(ValueError, match=r"(?i)origin"):
        finish(server, state, key, key.assertion(options, "http://localhost:8401"))


def test_another_challenge_or_key_is_refused(server: Fido2Server, key: SoftKey) -> None:
    options, _ = begin(server)
    _, state = begin(server)
    with pytest.raises(ValueError, match=r"(?i)challenge"):
        finish(server, state, key, key.assertion(options, ORIGIN))
    options, state = begin(server)
    other = SoftKey.make("x", key.account, "localhost")
    forged = {**other.assertion(options, ORIGIN), "rawId": websafe_encode(key.credential_id)}
    with pytest.raises(Exception, match=r".*"):
        finish(server, state, key, forged)


def test_the_key_signs_for_its_own_site_only(key: SoftKey) -> None:
    with pytest.raises(WrongSite):
        key.assertion({"challenge": "A" * 43, "rpId": "example.org"}, ORIGIN)
    for challenge in (None, "", "court", 12, "é" * 40):
        with pytest.raises(ValueError, match=r".*"):
            key.assertion({"challenge": challenge, "rpId": "localhost"}, ORIGIN)


def test_counters_only_grow(server: Fido2Server, key: SoftKey) -> None:
    options, _ = begin(server)
    counts = [
        AuthenticationResponse.from_dict(key.assertion(options, ORIGIN)).response.authenticator_data.counter
        for _ in range(5)
    ]
    assert counts == sorted(set(counts))


def test_one_key_that_signs_much_leaves_the_others_at_the_clock(key: SoftKey) -> None:
    other = SoftKey.make("hugo.petit", uuid4(), "localhost")
    before = next_count(other.credential_id)
    far = max(next_count(key.credential_id) for _ in range(100_000))
    assert before < next_count(other.credential_id) < far


def test_a_saved_key_is_the_same_key_and_closed_to_others(tmp_path: Path, key: SoftKey) -> None:
    path = key.save(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SoftKey.load(path).cose == key.cose
    assert "private" not in repr(key)
    with pytest.raises(FileExistsError):
        key.save(tmp_path)
    for content in ("", "[]", "{}", '{"username": 1}', "\x00"):
        path.write_text(content)
        with pytest.raises(ValueError, match="not a software key"):
            SoftKey.load(path)


def test_the_export_is_what_the_devtools_protocol_wants(key: SoftKey) -> None:
    """https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/#type-Credential"""
    exported = key.for_chromium()
    assert load_der_private_key(base64.b64decode(exported["privateKey"]), None) is not None
    assert base64.b64decode(exported["credentialId"]) == key.credential_id
    assert base64.b64decode(exported["userHandle"]) == key.account.bytes
    assert exported["isResidentCredential"] is True
