"""An act to be approved: its canonical text, and the challenge that stands for it in every approval."""

import hashlib
import json
from collections.abc import Mapping
from uuid import UUID


def canonical_body(body: Mapping[str, str]) -> str:
    """Canonical JSON (sorted keys, no spaces): the exact act, word for word."""
    return json.dumps(dict(body), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def act_challenge(kind: str, act: UUID, nonce: bytes, body: str) -> bytes:
    """SHA-256 over kind, id, nonce and body, each with its length: what an approver's key signs."""
    whole = hashlib.sha256(b"egide/act/1")
    for part in (kind.encode(), act.bytes, nonce, body.encode()):
        whole.update(len(part).to_bytes(4, "big") + part)
    return whole.digest()
