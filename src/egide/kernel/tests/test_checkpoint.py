"""Signed notes: only this log's key, this log's name, this exact text."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from egide.kernel.checkpoint import SEPARATOR, Checkpoint, NoteError, VerifyKey, open_note, sign, split_log

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OWN = VerifyKey("egide/00ff", KEY.public_key())
POINT = Checkpoint("egide/00ff", 42, b"\x07" * 32, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
NOTE = sign(POINT, KEY)


def code(note: str, key: VerifyKey = OWN) -> str:
    with pytest.raises(NoteError) as refusal:
        open_note(note, key)
    return refusal.value.code


def test_a_note_has_the_c2sp_form_and_opens() -> None:
    assert NOTE.startswith(
        "egide/00ff\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\ntime 2026-01-02T03:04:05+00:00\n\n— egide/00ff "
    )
    assert open_note(NOTE, OWN) == POINT


def test_the_key_of_the_signed_note_specification_is_read() -> None:
    """The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note: name, id and key agree."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert str(VerifyKey.parse(text)) == text


def test_a_forged_signature_another_key_and_another_log_are_refused() -> None:
    assert code(NOTE.replace("\n42\n", "\n41\n")) == "signature"
    assert code(NOTE, VerifyKey("egide/00ff", Ed25519PrivateKey.generate().public_key())) == "signature"
    assert code(sign(Checkpoint("egide/11", 42, POINT.root, POINT.at), KEY)) == "signature"
    body = Checkpoint("egide/11", 42, POINT.root, POINT.at).body()
    signature = sign(POINT, KEY).rpartition(" ")[2]
    assert code(f"{body}\n— egide/00ff {signature}") == "signature"


def test_a_right_key_over_another_origin_is_refused() -> None:
    from base64 import b64encode

    body = Checkpoint("egide/11", 42, POINT.root, POINT.at).body()
    signature = b64encode(OWN.key_id + KEY.sign(body.encode())).decode()
    assert code(f"{body}\n— egide/00ff {signature}\n") == "origin"


def test_a_witness_beside_the_log_does_not_disturb() -> None:
    assert open_note(NOTE + "— witness AAAA\n", OWN) == POINT


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_no_letter_can_be_changed(at: int, letter: str) -> None:
    changed = NOTE[:at] + letter + NOTE[at + 1 :]
    if changed != NOTE:
        code(changed)


@given(st.text())
def test_any_text_is_refused_with_a_reason(text: str) -> None:
    assert code(text) in {"malformed", "signature"}


def test_a_torn_last_note_is_left_out() -> None:
    assert split_log((NOTE + SEPARATOR) * 2 + NOTE[:30]) == [NOTE, NOTE]
    assert split_log("") == []


@pytest.mark.parametrize("text", ["", "x", "a+b+c", str(OWN).replace("+", "-"), "other" + str(OWN), str(OWN)[:-4]])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        VerifyKey.parse(text)
